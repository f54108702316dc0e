"""OpenDSS cases before they reach an engine: found, read, scanned, tried out."""
