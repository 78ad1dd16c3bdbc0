"""The city folder's `parking/`: read, checked and applied; the running service reads tables only."""
