"""Floor 0: immutable records, and the base classes of the paper."""
