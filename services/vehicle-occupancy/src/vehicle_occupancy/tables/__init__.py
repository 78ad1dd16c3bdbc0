"""The tables of schema `transit`; only `storage` and the migrations import them."""

from __future__ import annotations

from vehicle_occupancy.tables import timetable
from vehicle_occupancy.tables.schema import metadata

__all__ = ["metadata", "timetable"]
