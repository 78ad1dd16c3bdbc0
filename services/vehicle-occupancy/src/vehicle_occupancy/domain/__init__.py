"""What the service decides, without input or output."""
