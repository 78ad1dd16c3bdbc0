# SPDX-License-Identifier: EUPL-1.2
"""The log: what is said of vehicles, as it came; and what loads were folded to from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.track import Track
from vehicle_occupancy.domain.reading import (
    Assignment,
    Identity,
    Input,
    Position,
    SensorReading,
)
from vehicle_occupancy.storage.reading_rows import body_of, kind_of, to_reading
from vehicle_occupancy.storage.tracks import of_track, to_track

_INSERT = """
insert into reading (observed_at, event_id, vehicle_id, kind, door, body, simulated, corrects,
                     source, uplink_id, codec_id, codec_version, received_at)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[],
                     $6::jsonb[], $7::bool[], $8::text[], $9::text[], $10::uuid[], $11::text[],
                     $12::int[], $13::timestamptz[])
    on conflict do nothing
returning observed_at, event_id
"""
_INSERT_POSITIONS = """
insert into position (observed_at, event_id, vehicle_id, lat, lon, speed_mps, bearing_deg,
                      simulated, source, received_at)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::float8[], $5::float8[],
                     $6::float8[], $7::float8[], $8::bool[], $9::text[], $10::timestamptz[])
    on conflict do nothing
"""
_INSERT_ASSIGNMENTS = """
insert into assignment (observed_at, event_id, vehicle_id, line, direction, trip_id, start_date,
                        stop_id, valid_until, simulated, source, received_at, trip_known)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::int[],
                     $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::bool[],
                     $11::text[], $12::timestamptz[], $13::bool[])
    on conflict do nothing
returning observed_at, event_id
"""
_SINCE = """
select * from reading r
 where vehicle_id = $1 and ($2::timestamptz is null or observed_at >= $2)
   and not exists (select from reading later
                    where (later.vehicle_id, later.observed_at) = (r.vehicle_id, r.observed_at)
                      and later.corrects = r.event_id)
"""
_LAST_CHECKPOINTS = """
select distinct on (vehicle_id) vehicle_id, until, track from load_checkpoint
 order by vehicle_id, until desc
"""
_CHECKPOINT = """
select until, track from load_checkpoint
 where vehicle_id = $1 and until <= $2 order by until desc limit 1
"""
_DROP_CHECKPOINTS = "delete from load_checkpoint where vehicle_id = $1 and until > $2"
_WRITE_CHECKPOINTS = """
insert into load_checkpoint (vehicle_id, until, track)
select vehicle_id, until, track::jsonb
  from unnest($1::text[], $2::timestamptz[], $3::text[]) as given (vehicle_id, until, track)
    on conflict (vehicle_id, until) do update set track = excluded.track
"""
_ASSIGNMENTS = """
select a.* from unnest($1::text[]) as wanted (vehicle_id)
 cross join lateral (
    select * from assignment a
     where a.vehicle_id = wanted.vehicle_id and a.observed_at >= $2
     union all
    (select * from assignment a
      where a.vehicle_id = wanted.vehicle_id and a.observed_at < $2
      order by observed_at desc limit 1)
 ) a
"""
_LAST_POSITIONS = """
select p.* from vehicle v
 cross join lateral (
    select * from position p where p.vehicle_id = v.vehicle_id and p.observed_at > $1
     order by p.simulated, observed_at desc, event_id collate "C" desc limit 1
 ) p
 where v.retired_at is null
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something said of a vehicle and what else came with it; `traceparent` is the step of the trace that sent it."""

    said: Input
    source: str
    received_at: datetime
    uplink_id: UUID | None = None
    codec_id: str | None = None
    codec_version: int | None = None
    traceparent: str | None = None


async def insert(connection: Any, events: Sequence[Event]) -> set[Identity]:
    """Store readings; returns the identities of those that were not there already."""
    # Sorted, so that two writers of the same events cannot wait for each other.
    rows = sorted((_row(event) for event in events), key=lambda row: row[:2])
    return _identities(await connection.fetch(_INSERT, *zip(*rows, strict=True)))


def _identities(rows: Iterable[Any]) -> set[Identity]:
    return {(row["observed_at"], row["event_id"]) for row in rows}


def _row(event: Event) -> tuple[Any, ...]:
    said = event.said
    return (
        said.observed_at,
        said.event_id,
        said.vehicle_id,
        kind_of(said),
        getattr(said, "door", None),
        orjson.dumps(body_of(said)).decode(),
        said.simulated,
        said.corrects,
        event.source,
        event.uplink_id,
        event.codec_id,
        event.codec_version,
        event.received_at,
    )


async def insert_positions(connection: Any, events: Sequence[Event]) -> None:
    """Store where vehicles were."""
    rows = sorted(
        (
            (
                p.observed_at,
                p.event_id,
                p.vehicle_id,
                p.lat,
                p.lon,
                p.speed_mps,
                p.bearing_deg,
                p.simulated,
                event.source,
                event.received_at,
            )
            for event in events
            if isinstance(p := event.said, Position)
        ),
        key=lambda row: row[:2],
    )
    await connection.execute(_INSERT_POSITIONS, *zip(*rows, strict=True))


async def insert_assignments(connection: Any, events: Sequence[Event]) -> set[Identity]:
    """Store which trips vehicles serve; returns the identities of those that were not there."""
    rows = sorted(
        (
            (
                a.observed_at,
                a.event_id,
                a.vehicle_id,
                a.line,
                a.direction,
                a.trip_id,
                a.start_date,
                a.stop_id,
                a.valid_until,
                a.simulated,
                event.source,
                event.received_at,
                a.trip_known,
            )
            for event in events
            if isinstance(a := event.said, Assignment)
        ),
        key=lambda row: row[:2],
    )
    return _identities(await connection.fetch(_INSERT_ASSIGNMENTS, *zip(*rows, strict=True)))


async def since(connection: Any, vehicle_id: VehicleId, at: datetime | None) -> list[SensorReading]:
    """Return the readings of a vehicle that stand, from a time on, in no order."""
    return [to_reading(row) for row in await connection.fetch(_SINCE, vehicle_id, at)]


async def checkpoint(
    connection: Any, vehicle_id: VehicleId, at: datetime
) -> tuple[datetime, Track] | None:
    """Return the last checkpoint not later than a time."""
    row = await connection.fetchrow(_CHECKPOINT, vehicle_id, at)
    return (row["until"], to_track(row["track"])) if row else None


async def last_checkpoints(connection: Any) -> dict[VehicleId, tuple[datetime, Track]]:
    """Return the last checkpoint of each vehicle."""
    rows = await connection.fetch(_LAST_CHECKPOINTS)
    return {VehicleId(row["vehicle_id"]): (row["until"], to_track(row["track"])) for row in rows}


async def drop_checkpoints(connection: Any, vehicle_id: VehicleId, after: datetime) -> None:
    """Forget checkpoints that a late reading made wrong."""
    await connection.execute(_DROP_CHECKPOINTS, vehicle_id, after)


async def write_checkpoints(
    connection: Any, found: Iterable[tuple[VehicleId, datetime, Track]]
) -> None:
    """Store checkpoints."""
    rows = {(vehicle_id, until): of_track(track) for vehicle_id, until, track in found}
    if rows:
        vehicles, times = zip(*rows, strict=True)
        await connection.execute(_WRITE_CHECKPOINTS, vehicles, times, list(rows.values()))


async def assignments(
    connection: Any, vehicle_ids: Iterable[VehicleId], since: datetime
) -> list[Assignment]:
    """Return the assignments of vehicles from a time on, and of each the last one before it.

    Those to trips that nobody knows come without the trip.
    """
    rows = await connection.fetch(_ASSIGNMENTS, list(vehicle_ids), since)
    return [
        Assignment(
            event_id=row["event_id"],
            vehicle_id=VehicleId(row["vehicle_id"]),
            observed_at=row["observed_at"],
            line=row["line"],
            direction=row["direction"],
            trip_id=row["trip_id"],
            start_date=row["start_date"],
            stop_id=row["stop_id"],
            valid_until=row["valid_until"],
            simulated=row["simulated"],
            trip_known=row["trip_known"],
        ).as_believed()
        for row in rows
    ]


async def last_positions(connection: Any, after: datetime) -> list[Position]:
    """Return the newest position of each vehicle, real before simulated ones."""
    return [
        Position(
            event_id=row["event_id"],
            vehicle_id=VehicleId(row["vehicle_id"]),
            observed_at=row["observed_at"],
            lat=row["lat"],
            lon=row["lon"],
            speed_mps=row["speed_mps"],
            bearing_deg=row["bearing_deg"],
            simulated=row["simulated"],
        )
        for row in await connection.fetch(_LAST_POSITIONS, after)
    ]
