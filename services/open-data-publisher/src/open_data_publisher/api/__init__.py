"""HTTP: feeds, datasets, catalogue, pages."""
