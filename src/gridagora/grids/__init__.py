"""Floor 1: the physical grid, from demand to voltages, flows and losses."""
