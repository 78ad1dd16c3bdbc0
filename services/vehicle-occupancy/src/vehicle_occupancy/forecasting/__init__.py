"""Forecasts made: of files on the command line, of the city's departures in the service."""
