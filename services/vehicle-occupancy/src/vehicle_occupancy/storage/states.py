# SPDX-License-Identifier: EUPL-1.2
"""What is shown of vehicles: written with each change, read at start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.departures import Leg
from vehicle_occupancy.domain.load.level import Level, OccupancyStatus
from vehicle_occupancy.domain.publication import Departure, Published
from vehicle_occupancy.domain.report import Report, Serves
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.entity import Entity, Mark

_WRITE = """
insert into vehicle_state
select * from jsonb_populate_recordset(null::vehicle_state, $1::jsonb)
    on conflict (view, vehicle_id) do update
   set (line, direction, trip_id, start_date, stop_id, load, load_min, load_max, percentage,
        level, occupancy_status, confidence, measured_at, computed_at, valid_until, simulated,
        version, change_no, departure)
     = (excluded.line, excluded.direction, excluded.trip_id, excluded.start_date,
        excluded.stop_id, excluded.load, excluded.load_min, excluded.load_max,
        excluded.percentage, excluded.level, excluded.occupancy_status, excluded.confidence,
        excluded.measured_at, excluded.computed_at, excluded.valid_until, excluded.simulated,
        excluded.version, excluded.change_no, excluded.departure)
"""
_READ = "select * from vehicle_state order by change_no"
_UNPUBLISHED = "select view, vehicle_id from vehicle_state where published_version < version"
_NOTE_PUBLISHED = """
update vehicle_state s set published_version = p.version
  from unnest($1::text[], $2::text[], $3::bigint[]) as p (view, id, version)
 where s.view = p.view and s.vehicle_id = p.id and s.published_version < p.version
"""


async def write(
    connection: Any,
    reports: Mapping[Entity, Report],
    marks: Mapping[Entity, Mark],
    told: Mapping[VehicleId, Published],
) -> None:
    """Store what is shown anew."""
    rows = [
        _row(entity, reports[entity], marks[entity], told.get(VehicleId(entity.id)))
        for entity in sorted(reports)
    ]
    if rows:
        await connection.execute(_WRITE, orjson.dumps(rows).decode())


def _row(entity: Entity, report: Report, mark: Mark, told: Published | None) -> dict[str, Any]:
    serves = report.serves
    return {
        "view": entity.view,
        "vehicle_id": entity.id,
        "line": serves.line,
        "direction": serves.direction,
        "trip_id": serves.trip_id,
        "start_date": serves.start_date,
        "stop_id": serves.stop_id,
        "load": report.load,
        "load_min": report.load_min,
        "load_max": report.load_max,
        "percentage": report.percentage,
        "level": report.level,
        "occupancy_status": report.status.value,
        "confidence": report.confidence,
        "measured_at": report.measured_at,
        "computed_at": report.computed_at,
        "valid_until": report.valid_until,
        "simulated": report.simulated,
        "version": mark.version,
        "published_version": 0,
        "change_no": mark.change_no,
        "departure": _departure(told) if told and entity.view == "vehicle" else None,
    }


def _departure(told: Published) -> dict[str, Any]:
    at = told.departure
    return {
        "trip_id": at.trip_id,
        "start_date": at.start_date,
        "stop": at.stop,
        "at": at.at,
        "level": told.level,
    }


def to_told(row: Any) -> Published | None:
    """Return what was told at a departure."""
    stored = orjson.loads(row["departure"]) if row["departure"] else None
    if stored is None:
        return None
    level = stored.pop("level")
    at = datetime.fromisoformat(stored.pop("at"))
    departure = Departure(vehicle_id=row["vehicle_id"], at=at, **stored)
    return Published(departure, Level(level) if level else None)


def to_leg(row: Any, told: Published) -> Leg | None:
    """Return the stop that a vehicle made for; what it left before is not stored."""
    if row["trip_id"] is None or row["stop_id"] is None:
        return None
    return Leg(row["trip_id"], row["start_date"], row["stop_id"], told.departure.at)


def to_report(row: Any, vehicle: Vehicle) -> Report:
    """Return a stored state as what was shown."""
    return Report(
        vehicle=vehicle,
        serves=Serves(
            row["line"], row["direction"], row["trip_id"], row["start_date"], row["stop_id"]
        ),
        load=row["load"],
        load_min=row["load_min"],
        load_max=row["load_max"],
        percentage=row["percentage"],
        level=Level(row["level"]) if row["level"] else None,
        status=OccupancyStatus(row["occupancy_status"]),
        confidence=row["confidence"],
        measured_at=row["measured_at"],
        computed_at=row["computed_at"],
        renewed_at=row["computed_at"],
        valid_until=row["valid_until"],
        simulated=row["simulated"],
    )


async def read(connection: Any) -> list[Any]:
    """Return the stored states in the order of their changes, retired ones too."""
    return list(await connection.fetch(_READ))


async def unpublished(connection: Any) -> list[Entity]:
    """Return what was shown anew and is not known to have reached the broker."""
    return [Entity(row["view"], row["vehicle_id"]) for row in await connection.fetch(_UNPUBLISHED)]


async def note_published(connection: Any, published: Iterable[tuple[Entity, int]]) -> None:
    """Store which versions the broker has acknowledged."""
    rows = [(entity.view, entity.id, version) for entity, version in sorted(published)]
    if rows:
        await connection.execute(_NOTE_PUBLISHED, *zip(*rows, strict=True))
