"""Fetches from a server's storage what was sent while nobody listened."""
