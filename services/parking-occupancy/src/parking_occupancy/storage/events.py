# SPDX-License-Identifier: EUPL-1.2
"""Accepted observations, which of them stand, and the history that a late one needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from parking_occupancy.domain.track import Key, Observation, Reading, SensorId
from stadttakt_messages.base import BayId

_INSERT = """
insert into bay_event (observed_at, event_id, bay_id, reading, simulated, previous_duration_s,
                       source, uplink_id, codec_id, codec_version, received_at, corrects, sensor)
select * from json_to_recordset($1::json)
    as given (observed_at timestamptz, event_id text, bay_id text, reading text, simulated bool,
              previous_duration_s int, source text, uplink_id uuid, codec_id text,
              codec_version int, received_at timestamptz, corrects text, sensor text)
    on conflict do nothing
"""
_CORRECTED = """
select observed_at, corrects as event_id from bay_event
 where corrects = any($1::text[]) and observed_at between $2 and $3
"""
_REFUTED = """
select e.observed_at, e.event_id
  from unnest($1::timestamptz[], $2::text[]) as given (observed_at, event_id)
  join bay_event e using (observed_at, event_id)
 where e.superseded
"""
_REFUTE = """
update bay_event e set superseded = true
  from unnest($1::timestamptz[], $2::text[]) as given (observed_at, event_id)
 where e.observed_at = given.observed_at and e.event_id = given.event_id
returning e.bay_id, e.observed_at, e.event_id
"""

_HISTORY = """
select e.bay_id, e.observed_at, e.event_id, e.reading, e.simulated, e.sensor
  from unnest($1::text[], $2::timestamptz[]) as wanted (bay_id, since)
  join bay_event e on e.bay_id = wanted.bay_id and e.observed_at >= wanted.since
   and not e.superseded
"""
_NOTE_SENSORS = """
insert into bay_sensor (bay_id, sensor)
select * from unnest($1::text[], $2::text[]) as given (bay_id, sensor) order by 1, 2
    on conflict do nothing
"""
# What a track remembers of each sensor: the newest, the last before it that said something else,
# and the first after that one. Ids are compared by their code points, as the domain does.
_STANDING = """
select wanted.bay_id, wanted.sensor, newest.simulated, kept.*
  from (select bay_id, '' as sensor from unnest($1::text[]) as given (bay_id)
         union
        select bay_id, sensor from bay_sensor where bay_id = any($1::text[])) wanted
 cross join lateral (
    select * from (
        (select observed_at, event_id, reading, simulated from bay_event
          where bay_id = wanted.bay_id and sensor = wanted.sensor and not superseded and not simulated
          order by observed_at desc, event_id collate "C" desc limit 1)
         union all
        (select observed_at, event_id, reading, simulated from bay_event
          where bay_id = wanted.bay_id and sensor = wanted.sensor and not superseded and simulated
          order by observed_at desc, event_id collate "C" desc limit 1)
    ) either
    order by simulated limit 1
 ) newest
  left join lateral (
    select observed_at, event_id, reading from bay_event e
     where bay_id = wanted.bay_id and sensor = wanted.sensor and not superseded and simulated = newest.simulated
       and reading <> newest.reading
     order by observed_at desc, event_id collate "C" desc limit 1
 ) other on true
  left join lateral (
    select observed_at, event_id, reading from bay_event e
     where bay_id = wanted.bay_id and sensor = wanted.sensor and not superseded and simulated = newest.simulated
       and (other.observed_at is null
            or (e.observed_at >= other.observed_at
                and (e.observed_at, e.event_id collate "C")
                  > (other.observed_at, other.event_id collate "C")))
     order by observed_at, event_id collate "C" limit 1
 ) first on true
 cross join lateral (
    values (newest.observed_at, newest.event_id, newest.reading),
           (other.observed_at, other.event_id, other.reading),
           (first.observed_at, first.event_id, first.reading)
 ) kept (observed_at, event_id, reading)
 where kept.observed_at is not null
"""


class BayEvent(NamedTuple):
    """An observation and what else came with it.

    `corrects` is the id of the event of the same time that it replaces; `superseded` tells that it
    was refuted itself; `traceparent` is the step of the trace that sent it.
    """

    observation: Observation
    source: str
    received_at: datetime
    uplink_id: UUID | None = None
    previous_duration_s: int | None = None
    codec_id: str | None = None
    codec_version: int | None = None
    corrects: str | None = None
    superseded: bool = False
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Refuted:
    """Events that say nothing, given or stored before; of which bays one does not any more, when."""

    keys: frozenset[Key] = frozenset()
    bays: frozenset[tuple[BayId, datetime]] = frozenset()


_KEY = attrgetter("observation.key")


async def insert(connection: Any, events: Sequence[BayEvent]) -> Refuted:
    """Store events and refute those that they correct; what is there already stays as it is."""
    # Sorted, so that two writers of the same events cannot wait for each other.
    events = sorted(events, key=_KEY)
    # As JSON: an array's every element costs more than a row of it.
    rows = orjson.dumps([_row(event) for event in events]).decode()
    new = _rows_of(await connection.execute(_INSERT, rows))
    said = [event.observation.key for event in events]
    refuted: set[Key] = set()
    if new < len(said):
        refuted = _keys(await connection.fetch(_REFUTED, *zip(*said, strict=True)))
    wrong = {(event.observation.observed_at, event.corrects) for event in events if event.corrects}
    wrong |= {event.observation.key for event in events if event.superseded}
    # What was corrected before it came.
    ids = [event_id for _, event_id in said]
    if corrected := await connection.fetch(_CORRECTED, ids, said[0][0], said[-1][0]):
        wrong |= _keys(corrected).intersection(said)
    marked = await connection.fetch(_REFUTE, *zip(*sorted(wrong), strict=True)) if wrong else []
    bays = frozenset((BayId(row["bay_id"]), row["observed_at"]) for row in marked)
    return Refuted(frozenset(refuted | _keys(marked)), bays)


def late(
    events: Iterable[BayEvent], refuted: Refuted, closed_until: datetime | None
) -> set[tuple[BayId, datetime]]:
    """Return of which bays something is said, or not any more, for a time before another one."""
    if closed_until is None:
        return set()
    said = (each.observation for each in events)
    times = {(each.bay_id, each.observed_at) for each in said if each.observed_at < closed_until}
    return times | {(bay_id, at) for bay_id, at in refuted.bays if at < closed_until}


def _rows_of(status: str) -> int:
    """Return how many rows a command tells that it wrote, like `INSERT 0 17`."""
    return int(status.rpartition(" ")[2])


def _keys(rows: Iterable[Any]) -> set[Key]:
    return {(row["observed_at"], row["event_id"]) for row in rows}


def _row(event: BayEvent) -> dict[str, Any]:
    observation = event.observation
    return {
        "observed_at": observation.observed_at,
        "event_id": observation.event_id,
        "bay_id": observation.bay_id,
        "reading": observation.reading,
        "simulated": observation.simulated,
        "previous_duration_s": event.previous_duration_s,
        "source": event.source,
        "uplink_id": event.uplink_id,
        "codec_id": event.codec_id,
        "codec_version": event.codec_version,
        "received_at": event.received_at,
        "corrects": event.corrects,
        "sensor": observation.sensor,
    }


async def note_sensors(connection: Any, sensors: Iterable[tuple[BayId, SensorId]]) -> None:
    """Store which sensors spoke of which bays for the first time."""
    if found := sorted(sensors):
        await connection.execute(_NOTE_SENSORS, *zip(*found, strict=True))


async def history(
    connection: Any, since: Mapping[BayId, datetime]
) -> dict[BayId, list[Observation]]:
    """Return the standing observations of each bay from its time on."""
    found: defaultdict[BayId, list[Observation]] = defaultdict(list)
    for row in await connection.fetch(_HISTORY, list(since.keys()), list(since.values())):
        found[BayId(row["bay_id"])].append(_observation(row))
    return dict(found)


async def standing(connection: Any, bay_ids: Iterable[BayId]) -> dict[BayId, list[Observation]]:
    """Return, of each bay, the standing observations that its track consists of."""
    found: dict[BayId, list[Observation]] = {bay_id: [] for bay_id in sorted(bay_ids)}
    for row in await connection.fetch(_STANDING, list(found)):
        found[BayId(row["bay_id"])].append(_observation(row))
    return found


def _observation(row: Any) -> Observation:
    return Observation(
        event_id=row["event_id"],
        bay_id=BayId(row["bay_id"]),
        observed_at=row["observed_at"],
        reading=Reading(row["reading"]),
        simulated=row["simulated"],
        sensor=SensorId(row["sensor"]),
    )
