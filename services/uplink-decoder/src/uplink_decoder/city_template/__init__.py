"""What a new city's folder says of sources and devices."""
