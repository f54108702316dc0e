"""Floor 2: the episode of grid, market and agents, and its record."""
