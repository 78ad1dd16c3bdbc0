"""Computes indicators of source `formula`: days first, then the values of their periods."""
