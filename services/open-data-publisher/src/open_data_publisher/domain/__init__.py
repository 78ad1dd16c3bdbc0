"""What is public and what it is called; no I/O, no clock."""
