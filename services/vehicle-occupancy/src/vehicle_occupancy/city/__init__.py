"""What the city folder says of transit."""
