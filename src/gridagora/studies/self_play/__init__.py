"""Self-play in congested nodal markets: its studies, and what they share."""
