"""Open-data feeds, catalogue and portal."""
