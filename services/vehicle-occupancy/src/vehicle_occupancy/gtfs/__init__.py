# SPDX-License-Identifier: EUPL-1.2
"""Reads and checks GTFS feeds (gtfs.org/documentation/schedule/reference); writes nothing."""
