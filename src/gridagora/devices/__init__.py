"""Floor 1: devices behind a participant's curves, as functions of state and step."""
