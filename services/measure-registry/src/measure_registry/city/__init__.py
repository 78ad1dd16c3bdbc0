"""What a city configures of the registry, read and applied."""
