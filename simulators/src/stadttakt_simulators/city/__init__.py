"""The city folder as the simulator sees it."""
