"""What a new city's folder says of indicators and reports."""
