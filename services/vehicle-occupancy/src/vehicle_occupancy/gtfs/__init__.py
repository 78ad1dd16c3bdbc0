"""Reads and checks GTFS feeds (gtfs.org/documentation/schedule/reference); writes nothing."""
