"""Indicators, their periods and values, and how they stand against their targets; pure."""
