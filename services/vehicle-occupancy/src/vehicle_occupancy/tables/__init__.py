# SPDX-License-Identifier: EUPL-1.2
"""The tables of schema `transit`; only `storage` and the migrations import them."""

from __future__ import annotations

from stadttakt_runtime.alerts import alert_table
from stadttakt_runtime.leadership import leadership_table
from vehicle_occupancy.tables import (
    acceptance,
    calibration,
    forecasts,
    peaks,
    timetable,
    vehicles,
    visits,
)
from vehicle_occupancy.tables.schema import metadata

__all__ = [
    "acceptance",
    "calibration",
    "forecasts",
    "metadata",
    "peaks",
    "timetable",
    "vehicles",
    "visits",
]

# which instance is active: every write shares its row
leadership = leadership_table(metadata)
alert = alert_table(metadata)
