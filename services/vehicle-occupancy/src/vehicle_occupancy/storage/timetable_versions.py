# SPDX-License-Identifier: EUPL-1.2
"""Which versions of the timetable there are, which one holds on which day, and their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from vehicle_occupancy.domain.timetable_end import Span

_LIST = """
select version_id, name, publisher, timezone, valid_from, valid_to, imported_at, activated_at,
       summary, simulated
  from timetable_version order by version_id desc
"""
# A simulated one holds only as long as no real one is there: else it would go on where that ends.
_COUNTS = """
activated_at is not null and (not simulated or not exists (
    select from timetable_version where activated_at is not null and not simulated))
"""
_HOLDING = f"""
select version_id, timezone, simulated from timetable_version
 where {_COUNTS} and $1::date between valid_from and valid_to
 order by activated_at desc, version_id desc limit 1
"""  # noqa: S608 (constant parts only)
_SPANS = f"select valid_from, valid_to from timetable_version where {_COUNTS}"  # noqa: S608
_RUNS = """
select exists (
    select from timetable_day d
      join timetable_trip t on t.version_id = d.version_id and t.service = any(d.services)
     where d.version_id = $1 and d.day = $2)
"""
_ACTIVATE = "update timetable_version set activated_at = $2 where version_id = $1"
_FORGET = "delete from timetable_version where version_id = any($1::int[])"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the timetable; `activated_at` null: retired, it holds on no day."""

    version_id: int
    name: str
    publisher: str
    timezone: str
    valid_from: date
    valid_to: date
    imported_at: datetime
    activated_at: datetime | None
    summary: Mapping[str, int]
    simulated: bool

    def is_valid_on(self, day: date) -> bool:
        """Tell whether it may hold on a day."""
        return self.activated_at is not None and self.valid_from <= day <= self.valid_to


async def versions(connection: Any) -> list[Version]:
    """Return all versions, the newest first."""
    return [
        Version(**{**dict(row), "summary": orjson.loads(row["summary"])})
        for row in await connection.fetch(_LIST)
    ]


async def holding(connection: Any, day: date) -> Any | None:
    """Return number, zone and mark of the version that holds on a service day."""
    return await connection.fetchrow(_HOLDING, day)


async def spans(connection: Any) -> list[Span]:
    """Return the first and last days of the versions that may hold."""
    return [tuple(row) for row in await connection.fetch(_SPANS)]


async def runs_on(connection: Any, day: date) -> bool:
    """Return whether any trip runs on a service day."""
    version = await holding(connection, day)
    return version is not None and bool(
        await connection.fetchval(_RUNS, version["version_id"], day)
    )


def holds(found: Sequence[Version], day: date) -> Version | None:
    """Return which of some versions holds on a day: the one activated last, real ones alone if any."""
    has_real = any(not each.simulated and each.activated_at is not None for each in found)
    return max(
        (each for each in found if each.is_valid_on(day) and not (has_real and each.simulated)),
        key=lambda version: (version.activated_at, version.version_id),
        default=None,
    )


async def activate(connection: Any, version_id: int, now: datetime | None) -> bool:
    """Let a version hold on the days it is valid on, or on none any more; False: there is none."""
    answer: str = await connection.execute(_ACTIVATE, version_id, now)
    return answer != "UPDATE 0"


async def forget(connection: Any, version_ids: Sequence[int]) -> None:
    """Delete versions with everything in them."""
    await connection.execute(_FORGET, list(version_ids))


def dispensable(found: Sequence[Version], keep: int, oldest: date) -> list[int]:
    """Return versions beyond the `keep` newest that hold on no day from `oldest` on."""
    days = {
        day
        for version in found
        for day in (max(version.valid_from, oldest), version.valid_to)
        if day >= oldest
    }
    # Which one holds changes only where a version begins or the day after one ends.
    days |= {date.fromordinal(v.valid_to.toordinal() + 1) for v in found} | {oldest}
    needed = {held.version_id for day in days if (held := holds(found, day)) if day >= oldest}
    newest = {version.version_id for version in found[:keep]}
    return [v.version_id for v in found if v.version_id not in needed | newest]
