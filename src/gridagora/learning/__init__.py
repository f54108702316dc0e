"""Experience to better parameters: one algorithm, one file."""
