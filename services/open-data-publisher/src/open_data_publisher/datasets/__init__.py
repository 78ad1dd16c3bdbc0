"""Datasets: rows of views become editions by day, and editions become files."""
