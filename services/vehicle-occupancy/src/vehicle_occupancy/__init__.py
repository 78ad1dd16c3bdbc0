"""Vehicle occupancy and Cap the Peak."""
