# SPDX-License-Identifier: EUPL-1.2
"""Versions of the timetable; trips refer to patterns of stops, since most trips share them."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from vehicle_occupancy.tables.schema import (
    count_column,
    flag_column,
    metadata,
    number_column,
    text_column,
    time_column,
)


def _version() -> Column[int]:
    """Return the key of all that goes with a version, and goes away with it."""
    reference = ForeignKey("transit.timetable_version.version_id", ondelete="CASCADE")
    return Column("version_id", Integer, reference, primary_key=True)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


timetable_version = Table(
    "timetable_version",
    metadata,
    Column("version_id", Integer, Identity(always=True), primary_key=True),
    # of the content, the same for a zip and a folder
    text_column("fingerprint"),
    text_column("name"),
    text_column("publisher"),
    text_column("timezone"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    time_column("imported_at"),
    # on a day the version activated last holds, of those that are valid then; null: retired
    time_column("activated_at", nullable=True),
    # numbers of stops, lines, trips …, and what was put up with
    Column("summary", JSONB, nullable=False),
    flag_column("simulated"),
    # one import of one content
    Index("timetable_version_fingerprint", "fingerprint", unique=True),
)

timetable_stop = Table(
    "timetable_stop",
    metadata,
    _version(),
    Column("stop_id", Text, primary_key=True),
    text_column("name"),
    number_column("lat"),
    number_column("lon"),
    # GTFS location_type: 0 where vehicles stop, 1 a station
    count_column("kind"),
    text_column("parent_id", nullable=True),
)

timetable_route = Table(
    "timetable_route",
    metadata,
    _version(),
    Column("route_id", Text, primary_key=True),
    text_column("line"),
    text_column("long_name"),
    count_column("mode"),
    text_column("colour", nullable=True),
    text_column("text_colour", nullable=True),
)

timetable_day = Table(
    "timetable_day",
    metadata,
    _version(),
    Column("day", Date, primary_key=True),
    Column("services", ARRAY(Integer), nullable=False),
)

timetable_pattern = Table(
    "timetable_pattern",
    metadata,
    _version(),
    _number("pattern_id"),
    text_column("route_id"),
    text_column("line"),
    count_column("direction"),
    count_column("mode"),
    Column("stop_ids", ARRAY(Text), nullable=False),
    Column("sequences", ARRAY(Integer), nullable=False),
    Column("boarding", ARRAY(Boolean), nullable=False),
    Column("alighting", ARRAY(Boolean), nullable=False),
    Column("distances_m", ARRAY(Float(53)), nullable=False),
    Column("way_lats", ARRAY(Float(53)), nullable=False),
    Column("way_lons", ARRAY(Float(53)), nullable=False),
)

timetable_trip = Table(
    "timetable_trip",
    metadata,
    _version(),
    Column("trip_id", Text, primary_key=True),
    count_column("pattern_id"),
    count_column("service"),
    text_column("headsign"),
    text_column("block_id", nullable=True),
    flag_column("exact"),
    Column("arrivals_s", ARRAY(Integer), nullable=False),
    Column("departures_s", ARRAY(Integer), nullable=False),
)
