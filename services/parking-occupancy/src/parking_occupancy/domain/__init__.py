"""What bays, lots and signs are, as pure functions; `now` is always an argument."""
