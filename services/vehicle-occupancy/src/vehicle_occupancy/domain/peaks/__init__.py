"""Cap the Peak: where it will be too full, what could be done, and whether it helped; pure."""
