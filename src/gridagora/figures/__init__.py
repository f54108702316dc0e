"""Tables to charts: pure functions, one module for each kind of picture."""
