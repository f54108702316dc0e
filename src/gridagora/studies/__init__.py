"""Floor 3: one module per reproduced experiment."""
