"""Accepted observations, and the history that a late one needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from parking_occupancy.domain.bay import Observation, Reading
from stadttakt_messages.base import BayId

_INSERT = """
insert into bay_event (observed_at, event_id, bay_id, reading, simulated, previous_duration_s,
                       source, uplink_id, codec_id, codec_version, received_at)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::int[],
                     $7::text[], $8::uuid[], $9::text[], $10::int[], $11::timestamptz[])
    on conflict do nothing
"""

_HISTORY = """
select e.bay_id, e.observed_at, e.event_id, e.reading, e.simulated
  from unnest($1::text[], $2::timestamptz[]) as wanted (bay_id, since)
  join bay_event e on e.bay_id = wanted.bay_id and e.observed_at >= wanted.since
"""


@dataclass(frozen=True, slots=True)
class BayEvent:
    """An observation and what else came with it."""

    observation: Observation
    source: str
    received_at: datetime
    uplink_id: UUID | None = None
    previous_duration_s: int | None = None
    codec_id: str | None = None
    codec_version: int | None = None


async def insert(connection: Any, events: Sequence[BayEvent]) -> None:
    """Store events; those that are there already stay as they are."""
    # Sorted, so that two writers of the same events cannot wait for each other.
    rows = sorted(map(_row, events), key=lambda row: row[:2])
    await connection.execute(_INSERT, *zip(*rows, strict=True))


def _row(event: BayEvent) -> tuple[Any, ...]:
    observation = event.observation
    return (
        observation.observed_at,
        observation.event_id,
        observation.bay_id,
        observation.reading.value,
        observation.simulated,
        event.previous_duration_s,
        event.source,
        event.uplink_id,
        event.codec_id,
        event.codec_version,
        event.received_at,
    )


async def history(
    connection: Any, since: Mapping[BayId, datetime]
) -> dict[BayId, list[Observation]]:
    """Return the observations of each bay from its time on."""
    found: defaultdict[BayId, list[Observation]] = defaultdict(list)
    for row in await connection.fetch(_HISTORY, list(since.keys()), list(since.values())):
        observation = Observation(
            event_id=row["event_id"],
            bay_id=BayId(row["bay_id"]),
            observed_at=row["observed_at"],
            reading=Reading(row["reading"]),
            simulated=row["simulated"],
        )
        found[observation.bay_id].append(observation)
    return dict(found)
