"""What a new city's folder says of publication, catalogue and portal."""
