"""Compiled inner loops of the markets: plain arrays in, status codes out."""
