"""What a new city's folder says of car parks, bays and signs."""
