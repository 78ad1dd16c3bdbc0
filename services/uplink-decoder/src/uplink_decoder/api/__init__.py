"""The decoder's HTTP endpoints."""
