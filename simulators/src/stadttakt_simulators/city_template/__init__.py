"""What a new city's folder says of demand and network to simulate."""
