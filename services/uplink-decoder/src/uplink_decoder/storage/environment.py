# SPDX-License-Identifier: EUPL-1.2
"""SQL of the environment series: every row comes in here, whoever brings it; never commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from uplink_decoder.domain.series import SeriesRow, ValueQuality

QUARTER = timedelta(minutes=15)

# Sorted, so that two writers never wait for each other crosswise.
WRITE = """
insert into environment as stored (
    asset_id, quantity, observed_at, event_id, value, unit, quality, source_id, simulated
)
select * from unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::float8[], $6::text[], $7::text[],
    $8::text[], $9::boolean[]
)
on conflict (asset_id, quantity, observed_at, event_id) do update
set value = excluded.value, unit = excluded.unit, quality = excluded.quality
where (stored.value, stored.unit, stored.quality)
    is distinct from (excluded.value, excluded.unit, excluded.quality)
"""

# The event id decides between two values of one time, so that order of arrival does not.
NOTE_NEWEST = """
insert into environment_newest as known (
    asset_id, quantity, observed_at, event_id, value, unit, simulated
)
select * from unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::float8[], $6::text[], $7::boolean[]
)
on conflict (asset_id, quantity) do update
set observed_at = excluded.observed_at, event_id = excluded.event_id, value = excluded.value,
    unit = excluded.unit, simulated = excluded.simulated
where (known.observed_at, known.event_id) <= (excluded.observed_at, excluded.event_id)
"""

MARK_DIRTY = """
insert into environment_dirty (asset_id, quantity, start)
select * from unnest($1::text[], $2::text[], $3::timestamptz[])
"""


async def write(connection: Any, rows: Sequence[SeriesRow]) -> None:
    """Store values, note the newest of each series and mark what must be rolled up anew.

    The same event again changes nothing; with other values it corrects the first.
    """
    if not rows:
        return
    once = {row[:4]: row for row in rows}
    stored = [once[key] for key in sorted(once)]
    await connection.execute(WRITE, *_columns(stored))
    newest = {
        (row.asset_id, row.quantity): (*row[:6], row.simulated)
        for row in stored
        if row.quality is ValueQuality.GOOD
    }
    if newest:
        await connection.execute(NOTE_NEWEST, *_columns(list(newest.values())))
    await mark_dirty(connection, [(row[0], row[1], row[2]) for row in stored])


async def mark_dirty(connection: Any, times: Iterable[tuple[str, str, datetime]]) -> None:
    """Mark the quarters of an hour of these times, by asset and quantity, to be rolled up anew."""
    marks = {(asset_id, quantity, quarter(at)) for asset_id, quantity, at in times}
    await connection.execute(MARK_DIRTY, *_columns(sorted(marks)))


def quarter(time: datetime) -> datetime:
    """Return the start of the quarter of an hour that a time lies in."""
    return time.replace(minute=time.minute // 15 * 15, second=0, microsecond=0)


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
