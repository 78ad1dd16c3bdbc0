"""The platform's own commands; services bring theirs by entry points."""
