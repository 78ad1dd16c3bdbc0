"""The decoder's part of the command line `stadttakt`."""
