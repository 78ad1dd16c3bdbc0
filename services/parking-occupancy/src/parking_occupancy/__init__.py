"""Turns bay observations into lots, signs and their states."""
