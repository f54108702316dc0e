"""Compiled episode loops, plain arrays in and out."""
