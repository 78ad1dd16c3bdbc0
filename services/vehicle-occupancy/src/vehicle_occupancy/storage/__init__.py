"""The SQL; alone knows the tables."""
