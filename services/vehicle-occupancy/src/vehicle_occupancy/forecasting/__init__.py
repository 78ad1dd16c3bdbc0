# SPDX-License-Identifier: EUPL-1.2
"""Forecasts made: of files on the command line, of the city's departures in the service."""
