# SPDX-License-Identifier: EUPL-1.2
"""Peaks as expected the day before, what was done about them, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from vehicle_occupancy.domain.forecast.telling import Horizon, Withheld
from vehicle_occupancy.domain.peaks.outcome import Outcome, Verdict
from vehicle_occupancy.domain.peaks.peak import Peak
from vehicle_occupancy.domain.peaks.promise import Promise

_COLUMNS = (
    *("day", "trip_id", "line", "direction", "first_stop", "last_stop", "worst_stop"),
    *("from_stop", "to_stop", "at_s", "expected_load", "low", "high", "comfort_limit"),
    *("capacity", "probability", "excess", "simulated"),
)
_STORE = f"""
insert into peak (peak_id, at, issued_at, horizon, {", ".join(_COLUMNS)})
values ({", ".join(f"${n}" for n in range(1, 5 + len(_COLUMNS)))})
    on conflict (peak_id) do update
   set (last_stop, worst_stop, to_stop, expected_load, low, high, comfort_limit, capacity,
        probability, excess, issued_at, horizon)
       = (excluded.last_stop, excluded.worst_stop, excluded.to_stop, excluded.expected_load,
          excluded.low, excluded.high, excluded.comfort_limit, excluded.capacity,
          excluded.probability, excluded.excess, excluded.issued_at, excluded.horizon)
 where peak.measured_at is null
"""  # noqa: S608 (constant parts only)
# One that somebody acted on stays: whether it fell is what is asked.
_GONE = """
delete from peak p
 where day = $1 and at > $3 and measured_at is null and peak_id <> all($2::text[])
   and not exists (select from peak_action a where a.peak_id = p.peak_id)
"""
# Of those to come only what is told counts for a page, else pages would be short; $12 are late.
_LIST = """
select * from peak
 where (at >= $1 and at < $2 or peak_id = any($12::text[])) and ($3::text is null or line = $3)
   and ($4::text is null or (expected_load > comfort_limit) = ($4 = 'high'))
   and (outcome is not null or at <= $5 and peak_id <> all($12::text[]) or (line, direction, horizon) not in (
        select * from unnest($6::text[], $7::int[], $8::text[])))
   and (at, peak_id) > ($9, $10)
 order by at, peak_id limit $11
"""
_DUE = """
select * from peak where at > $1 and at <= $2 and outcome is null order by at, peak_id
"""
_OF_DAY = "select * from peak where day = $1 order by at, peak_id"
_ONE = "select * from peak where peak_id = $1"
_MEASURE = """
update peak set outcome = $2, measured_at = $3
 where peak_id = $1 and outcome is distinct from $2::jsonb
"""
_ACT = """
insert into peak_action (peak_id, kind, trip_id, note, author, taken_at, promise)
values ($1, $2, $3, $4, $5, $6, $7) returning action_id
"""
_ACTIONS = """
select action_id, peak_id, kind, trip_id, note, author, taken_at, promise from peak_action
 where peak_id = any($1::text[]) order by action_id
"""
_TAKE_BACK = """
delete from peak_action a using peak p
 where a.peak_id = p.peak_id and p.peak_id = $1 and a.action_id = $2 and p.measured_at is null
"""
_UNMEASURED = """
select distinct day from peak where measured_at is null and day < $1 and day >= $2 order by day
"""
_ACTED = """
select distinct p.day from peak p join peak_action a using (peak_id)
 where p.line = $1 and p.direction = $2 and p.day = any($3::date[]) and p.at_s between $4 and $5
"""
_FORGET = "delete from peak where day < $1"


NEAR_S = 1800


@dataclass(frozen=True, slots=True)
class StoredPeak:
    """A peak with its time, when and by which kind of forecast it was expected, and what became of it."""

    peak: Peak
    at: datetime
    issued_at: datetime
    outcome: Outcome | None
    measured_at: datetime | None
    horizon: Horizon = Horizon.DAY_AHEAD


class Action(NamedTuple):
    """What somebody did about a peak."""

    action_id: int
    peak_id: str
    kind: str
    trip_id: str | None
    note: str
    author: str
    taken_at: datetime
    promise: Promise | None = None


async def replace_day(
    connection: Any, day: date, peaks: Sequence[Peak], *, origin: datetime, now: datetime
) -> None:
    """Let a day have these peaks; those already over stay as they were expected."""
    coming = [peak for peak in peaks if origin + timedelta(seconds=peak.at_s) > now]
    await connection.execute(_GONE, day, [peak.peak_id for peak in coming], now)
    horizon = Horizon.DAY_AHEAD
    rows = [_row(peak, origin + timedelta(seconds=peak.at_s), now, horizon) for peak in coming]
    await connection.executemany(_STORE, rows)


async def add(connection: Any, found: Sequence[Peak], *, origin: datetime, now: datetime) -> None:
    """Store peaks that were found during the day beside those of their day."""
    horizon = Horizon.LIVE
    rows = [_row(peak, origin + timedelta(seconds=peak.at_s), now, horizon) for peak in found]
    await connection.executemany(_STORE, rows)


async def acted_on(connection: Any, peak: Peak, days: Sequence[date]) -> set[date]:
    """Return the days on which somebody acted on a peak of the same line at the same time."""
    rows = await connection.fetch(
        _ACTED, peak.line, peak.direction, list(days), peak.at_s - NEAR_S, peak.at_s + NEAR_S
    )
    return {row["day"] for row in rows}


class Position(NamedTuple):
    """After which peak a page begins."""

    at: datetime
    peak_id: str


class Wanted(NamedTuple):
    """Which peaks of a period are asked for, at most so many after a position."""

    since: datetime
    until: datetime
    line: str | None
    level: str | None
    after: Position | None
    limit: int


async def list_peaks(
    connection: Any,
    wanted: Wanted,
    *,
    now: datetime,
    gone: Withheld,
    late: Sequence[StoredPeak] = (),
) -> list[StoredPeak]:
    """Return peaks of a period in order, without those to come whose forecasts are withheld.

    `late` are those that were due by now and are still to come: of the period, whenever they were due.
    """
    first = min([wanted.since, *(each.at for each in late)])
    at, peak_id = wanted.after or Position(first - timedelta(seconds=1), "")
    withheld = [
        (line, direction, horizon)
        for horizon, ways in ((Horizon.DAY_AHEAD, gone.day_ahead), (Horizon.LIVE, gone.live))
        for line, direction in ways
    ]
    columns = ([each[place] for each in withheld] for place in range(3))
    late_ids = [each.peak.peak_id for each in late]
    rows = await connection.fetch(
        _LIST, *wanted[:4], now, *columns, at, peak_id, wanted.limit, late_ids
    )
    return [_stored(row) for row in rows]


async def due(connection: Any, since: datetime, until: datetime) -> list[StoredPeak]:
    """Return the peaks that were due within a period and were not measured yet, in order."""
    return [_stored(row) for row in await connection.fetch(_DUE, since, until)]


async def of_day(connection: Any, day: date) -> list[StoredPeak]:
    """Return the peaks of a service day in order."""
    return [_stored(row) for row in await connection.fetch(_OF_DAY, day)]


async def one(connection: Any, peak_id: str) -> StoredPeak | None:
    """Return a peak; None where there is none of this id."""
    row = await connection.fetchrow(_ONE, peak_id)
    return None if row is None else _stored(row)


async def unmeasured(connection: Any, before: date, since: date) -> list[date]:
    """Return days that are over and hold peaks that were not measured."""
    return [row["day"] for row in await connection.fetch(_UNMEASURED, before, since)]


async def measure(connection: Any, peak_id: str, outcome: Outcome, now: datetime) -> None:
    """Store what became of a peak; measured again with the same outcome it stays as it is."""
    await connection.execute(_MEASURE, peak_id, orjson.dumps(asdict(outcome)).decode(), now)


async def act(connection: Any, action: Action) -> int:
    """Store what was done about a peak and return its number."""
    promise = action.promise
    stored = None if promise is None else orjson.dumps(asdict(promise)).decode()
    return int(await connection.fetchval(_ACT, *action[1:-1], stored))


async def take_back(connection: Any, peak_id: str, action_id: int) -> bool:
    """Delete what was recorded by mistake, unless the peak was measured with it; tell whether it was there."""
    return bool(await connection.execute(_TAKE_BACK, peak_id, action_id) == "DELETE 1")


async def actions(connection: Any, peak_ids: Sequence[str]) -> dict[str, list[Action]]:
    """Return what was done about peaks, by peak."""
    found: dict[str, list[Action]] = {peak_id: [] for peak_id in peak_ids}
    for row in await connection.fetch(_ACTIONS, list(peak_ids)):
        promise = None if row["promise"] is None else Promise(**orjson.loads(row["promise"]))
        found[row["peak_id"]].append(Action(**{**row, "promise": promise}))
    return found


async def forget(connection: Any, before: date) -> None:
    """Delete what is older."""
    await connection.execute(_FORGET, before)


def _row(peak: Peak, at: datetime, now: datetime, horizon: Horizon) -> tuple[Any, ...]:
    return (
        *(peak.peak_id, at, now, horizon, peak.day, peak.trip_id, peak.line, peak.direction),
        *(peak.first, peak.last, peak.worst, peak.from_stop, peak.to_stop, peak.at_s),
        *(peak.expected_load, peak.low, peak.high, peak.limit, peak.capacity),
        *(peak.probability, peak.excess, peak.simulated),
    )


def _stored(row: Any) -> StoredPeak:
    peak = Peak(*(row[name] for name in _COLUMNS))
    outcome = None
    if row["outcome"] is not None:
        fields = orjson.loads(row["outcome"])
        outcome = Outcome(**{**fields, "verdict": Verdict(fields["verdict"])})
    horizon = Horizon(row["horizon"])
    return StoredPeak(peak, row["at"], row["issued_at"], outcome, row["measured_at"], horizon)
