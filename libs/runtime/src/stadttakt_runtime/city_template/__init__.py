"""What a new city's folder has of files that no single service owns."""
