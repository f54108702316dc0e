"""Readers of networks and scenarios from files."""
