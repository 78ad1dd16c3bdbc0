"""Looks after devices, gateways and sources, and says what wants attention."""
