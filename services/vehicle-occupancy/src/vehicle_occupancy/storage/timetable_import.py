# SPDX-License-Identifier: EUPL-1.2
"""Writes a version of the timetable, in the caller's transaction; what is read stands beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from vehicle_occupancy.gtfs.network import FeedRoute, FeedStop
from vehicle_occupancy.gtfs.reading import PlannedTrip
from vehicle_occupancy.gtfs.ways import FeedPattern

# Two imports at once would both become the newest.
_LOCK = "select pg_advisory_xact_lock(hashtext('transit.timetable'))"
_KNOWN = "select version_id from timetable_version where fingerprint = $1"
_IS_FIRST_BEFORE = """
select not exists (select from timetable_version
                    where activated_at is not null and valid_from < $1)
"""
_BEGIN = """
insert into timetable_version (fingerprint, name, publisher, timezone, valid_from, valid_to,
                               imported_at, activated_at, summary, simulated)
values ($1, $2, $3, $4, $5, $6, $7, $7, '{}', $8)
returning version_id
"""
_CONCLUDE = "update timetable_version set summary = $2 where version_id = $1"
_VALID_FROM = "update timetable_version set valid_from = $2 where version_id = $1"
_STOP = ("stop_id", "name", "lat", "lon", "kind", "parent_id")
_ROUTE = ("route_id", "line", "long_name", "mode", "colour", "text_colour")
_PATTERN = (
    *("pattern_id", "route_id", "line", "direction", "mode", "stop_ids", "sequences"),
    *("boarding", "alighting", "distances_m", "way_lats", "way_lons"),
)

LONGEST_S = 6 * 3600
"""A large feed on a busy machine takes longer than any other statement may."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is told of a version."""

    fingerprint: str
    name: str
    publisher: str
    timezone: str
    valid_from: date
    valid_to: date
    simulated: bool


async def lock(connection: Any) -> None:
    """Wait until nobody else changes versions."""
    await connection.execute(_LOCK)


async def known(connection: Any, fingerprint: str) -> int | None:
    """Return the version that has this content already."""
    found: int | None = await connection.fetchval(_KNOWN, fingerprint)
    return found


async def holds_the_past(connection: Any, day: date) -> bool:
    """Tell whether days before `day` have a timetable that a new one must not change."""
    return not await connection.fetchval(_IS_FIRST_BEFORE, day)


async def begin(connection: Any, version: NewVersion, now: datetime) -> int:
    """Store a version, active from now on, and return its number."""
    found: int = await connection.fetchval(
        _BEGIN,
        version.fingerprint,
        version.name,
        version.publisher,
        version.timezone,
        version.valid_from,
        version.valid_to,
        now,
        version.simulated,
    )
    return found


async def set_valid_from(connection: Any, version_id: int, day: date) -> None:
    """Let a version hold from another day on."""
    await connection.execute(_VALID_FROM, version_id, day)


async def copy_trips(connection: Any, version_id: int, trips: Iterable[PlannedTrip]) -> None:
    """Store trips as they come, without keeping them."""
    await _copy(connection, "trip", PlannedTrip._fields, version_id, trips)


async def copy_network(
    connection: Any,
    version_id: int,
    stops: Mapping[str, FeedStop],
    routes: Mapping[str, FeedRoute],
    days: Mapping[date, tuple[int, ...]],
) -> None:
    """Store stops, routes and which services run when."""
    places = (
        (s.stop_id, s.name, s.place.lat, s.place.lon, s.kind, s.parent_id) for s in stops.values()
    )
    await _copy(connection, "stop", _STOP, version_id, places)
    lines = (
        (r.route_id, r.line, r.long_name, r.mode, r.colour, r.text_colour) for r in routes.values()
    )
    await _copy(connection, "route", _ROUTE, version_id, lines)
    await _copy(connection, "day", ("day", "services"), version_id, days.items())


async def copy_patterns(connection: Any, version_id: int, patterns: Iterable[FeedPattern]) -> None:
    """Store patterns."""
    rows = (
        (
            *(p.pattern_id, p.route.route_id, p.route.line, p.direction, p.route.mode),
            *(p.stop_ids, p.sequences, p.boarding, p.alighting, p.distances_m),
            *([place.lat for place in p.way], [place.lon for place in p.way]),
        )
        for p in patterns
    )
    await _copy(connection, "pattern", _PATTERN, version_id, rows)


async def conclude(connection: Any, version_id: int, summary: Mapping[str, int]) -> None:
    """Store how much a version holds, and let the planner know of it."""
    await connection.execute(_CONCLUDE, version_id, orjson.dumps(summary).decode())


async def _copy(
    connection: Any, table: str, columns: Iterable[str], version_id: int, rows: Iterable[Any]
) -> None:
    await connection.copy_records_to_table(
        f"timetable_{table}",
        columns=("version_id", *columns),
        records=((version_id, *row) for row in rows),
        timeout=LONGEST_S,
    )
