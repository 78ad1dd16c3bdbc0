"""What a table of rows looks like as a file, piece by piece."""
