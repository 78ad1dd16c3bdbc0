"""Registry of ideas and measures."""
