"""Floor 1: observation to orders and grid actions, one behaviour in one file."""
