"""Learning rules that objects and compiled loops share, compiled."""
