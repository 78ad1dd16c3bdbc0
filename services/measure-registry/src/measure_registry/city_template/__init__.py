"""What a new city's folder says of the way of an idea."""
