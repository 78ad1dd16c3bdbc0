"""HTTP: the feeds and what is told about them."""
