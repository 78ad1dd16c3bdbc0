"""`make crash`: faults in a row under load, each followed by a reckoning of everything."""
