# SPDX-License-Identifier: EUPL-1.2
"""Forecasts of trips as they were issued, and the last that was said live."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import KEPT
from vehicle_occupancy.domain.forecast.issue import Issued
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.telling import Horizon, Way, Withheld
from vehicle_occupancy.domain.forecast.told import Kept, as_told
from vehicle_occupancy.domain.forecast.trip import Places, TripForecast

_COLUMNS = (
    *("day", "trip_id", "line", "direction", "block_id", "mode", "stop_ids", "departures_s"),
    *("departures_at", "to_next_m", "last_stop_id", "seats", "standing", "medium_from"),
    *("high_from", "quantiles", "last_week", "historical_mean", "issued_at", "simulated"),
)
# What was told the day before is not told otherwise later: it is what scores are of.
_STORE = f"""
insert into trip_forecast ({", ".join(_COLUMNS)})
values ({", ".join(f"${n}" for n in range(1, len(_COLUMNS) + 1))})
    on conflict (day, trip_id) do nothing
"""  # noqa: S608 (constant parts only)
_RENEW = """
delete from trip_forecast where day = $1 and issued_at < $2 and live_at is null
   and departures_at[1] > $2
"""
_DAY = "select * from trip_forecast where day = $1"
# What is withheld does not count for a page, else pages would be short.
_OF_LINE = """
select * from trip_forecast
 where line = $1 and ($2::int is null or direction = $2) and day >= $3::date and day <= $4::date
   and departures_at[1] < $6 and departures_at[cardinality(departures_at)] >= $5
   and (direction <> all ($7::int[]) or (live is not null and direction = any ($8::int[])))
   and (departures_at[1], trip_id) > ($9, $10)
 order by departures_at[1], trip_id limit $11
"""
_PERIOD = """
select day, trip_id, line, direction, issued_at, departures_at[cardinality(departures_at)] as ends_at
  from trip_forecast
 where day >= $1::date and day <= $2::date
   and departures_at[1] < $4 and departures_at[cardinality(departures_at)] >= $3
"""
_TRIPS = "select * from trip_forecast where day = $1 and trip_id = any ($2::text[])"
_SET_LIVE = """
update trip_forecast set live = $3, live_at = $4 where day = $1 and trip_id = $2
"""
_HOLD = """
insert into live_round (day, valid_until) values ($1, $2)
    on conflict (day) do update set valid_until = excluded.valid_until
"""
_HOLDING = "select day, valid_until from live_round where valid_until > $1"
_FORGET_ROUNDS = "delete from live_round where day < $1"
_ISSUED = "select exists (select from trip_forecast where day = $1)"
_WAYS = "select distinct line, direction from trip_forecast where day = $1"
_NEWEST = "select max(issued_at) from trip_forecast"
# the vehicle that most trips of the line are expected to have
_BORDERS = """
select distinct on (direction) direction, medium_from, high_from
  from trip_forecast where line = $1
 group by direction, medium_from, high_from
 order by direction, count(*) desc, medium_from
"""
_FORGET = "delete from trip_forecast where day < $1"


BOTH_WAYS = (0, 1)


class Position(NamedTuple):
    """After which trip a page begins: when it leaves its first stop, and its id."""

    begins_at: datetime
    trip_id: str


class Wanted(NamedTuple):
    """Which trips of a line are asked for, at most so many after a position."""

    line: str
    direction: int | None
    after: Position | None
    limit: int


class Key(NamedTuple):
    """Names an issued forecast, and when its trip leaves its last stop but one."""

    day: date
    trip_id: str
    line: str
    direction: int
    issued_at: datetime
    ends_at: datetime


class Stored(NamedTuple):
    """A stored forecast with the times at which its trip leaves its stops."""

    kept: Kept
    departures_at: Sequence[datetime]
    issued_at: datetime
    live_at: datetime | None

    @property
    def trip_now(self) -> TripForecast:
        """Return the trip as it is expected by now."""
        trip, live = self.kept.issued.trip, self.kept.live
        return trip if live is None else trip.with_quantiles(live)

    def as_told(self, gone: Withheld, *, live: bool) -> Stored | None:
        """Return what of it may be told, as of now only if `live`; None where nothing is."""
        kept = self.kept if live else replace(self.kept, live=None)
        trip = kept.issued.trip
        told = as_told(trip, kept.live, gone)
        if told is None:
            return None
        if told is trip:
            return self._replace(kept=replace(kept, live=None), live_at=None)
        return self._replace(kept=replace(kept, live=told.quantiles))


async def store(
    connection: Any, issued: Iterable[Issued], origin: datetime, issued_at: datetime
) -> None:
    """Store the forecasts of a service day that begins at `origin`, where there are none yet."""
    rows = [_row(each, origin, issued_at) for each in issued]
    await connection.executemany(_STORE, rows)


async def renew(connection: Any, day: date, now: datetime) -> None:
    """Delete the forecasts of a day of trips that have not begun, so that newer ones take over."""
    await connection.execute(_RENEW, day, now)


async def is_issued(connection: Any, day: date) -> bool:
    """Return whether there are forecasts of a day."""
    return bool(await connection.fetchval(_ISSUED, day))


async def ways(connection: Any, day: date) -> set[Way]:
    """Return of which lines and directions there are forecasts of a day."""
    return {(row["line"], row["direction"]) for row in await connection.fetch(_WAYS, day)}


async def newest(connection: Any) -> datetime | None:
    """Return when forecasts were last issued."""
    found: datetime | None = await connection.fetchval(_NEWEST)
    return found


async def of_day(connection: Any, day: date) -> list[Stored]:
    """Return all forecasts of a service day."""
    rows = await connection.fetch(_DAY, day)
    # Beside the event loop: a large city's day has more than ten thousand trips.
    return await asyncio.to_thread(lambda: [_stored(row) for row in rows])


async def keys(connection: Any, since: datetime, until: datetime) -> list[Key]:
    """Return which trips are forecast that leave a stop within a period."""
    rows = await connection.fetch(_PERIOD, *_days(since, until), since, until)
    return [Key(*row) for row in rows]


async def of_trips(connection: Any, day: date, trip_ids: Sequence[str]) -> list[Stored]:
    """Return the forecasts of some trips of a service day."""
    return [_stored(row) for row in await connection.fetch(_TRIPS, day, list(trip_ids))]


async def of_line(
    connection: Any, wanted: Wanted, since: datetime, until: datetime, *, gone: Withheld, live: bool
) -> list[Stored]:
    """Return what is told of trips that leave a stop within a period, in their order."""
    line = wanted.line
    of_night = [way for way in BOTH_WAYS if not gone.tells((line, way), Horizon.DAY_AHEAD)]
    of_now = [way for way in BOTH_WAYS if live and gone.tells((line, way), Horizon.LIVE)]
    after = wanted.after or Position(datetime.min.replace(tzinfo=UTC), "")
    days = _days(since, until)
    rows = await connection.fetch(
        _OF_LINE, line, wanted.direction, *days, since, until, of_night, of_now, *after,
        wanted.limit,
    )  # fmt: skip
    told = (_stored(row).as_told(gone, live=live) for row in rows)
    return [each for each in told if each is not None]


async def borders_of_line(connection: Any, line: str) -> dict[int, tuple[int, int]]:
    """Return by direction from how many persons on levels of a line's usual vehicle begin."""
    rows = await connection.fetch(_BORDERS, line)
    return {row["direction"]: (row["medium_from"], row["high_from"]) for row in rows}


async def set_live(connection: Any, day: date, told: Mapping[str, Floats], now: datetime) -> None:
    """Store what is said now of trips of a day."""
    rows = [(day, trip_id, _bytes(values), now) for trip_id, values in told.items()]
    await connection.executemany(_SET_LIVE, rows)


async def hold_live(connection: Any, day: date, until: datetime) -> None:
    """Let what is said live of a day's trips hold until a moment."""
    await connection.execute(_HOLD, day, until)


async def live_until(connection: Any, now: datetime) -> dict[date, datetime]:
    """Return until when live forecasts hold, of the days of which they do."""
    return {row["day"]: row["valid_until"] for row in await connection.fetch(_HOLDING, now)}


async def forget(connection: Any, before: date) -> None:
    """Delete what is older."""
    await connection.execute(_FORGET, before)
    await connection.execute(_FORGET_ROUNDS, before)


def _days(since: datetime, until: datetime) -> tuple[date, date]:
    """Return the service days that may have trips in a period.

    A service day goes on for two days at most, and is ahead of UTC by one at most.
    """
    return since.date() - timedelta(days=2), until.date() + timedelta(days=1)


def _row(issued: Issued, origin: datetime, issued_at: datetime) -> tuple[Any, ...]:
    trip = issued.trip
    at = [origin + timedelta(seconds=s) for s in trip.departures_s]
    places = trip.places
    return (
        *(trip.day, trip.trip_id, trip.line, trip.direction, trip.block_id, trip.mode),
        *(trip.stop_ids, trip.departures_s, at, trip.to_next_m, trip.last_stop_id),
        *(places.seats, places.standing, places.medium_from, places.high_from),
        *(_bytes(trip.quantiles), _bytes(issued.last_week), _bytes(issued.historical_mean)),
        *(issued_at, trip.simulated),
    )


def _stored(row: Any) -> Stored:
    trip = TripForecast(
        day=row["day"],
        trip_id=row["trip_id"],
        line=row["line"],
        direction=row["direction"],
        stop_ids=tuple(row["stop_ids"]),
        departures_s=tuple(row["departures_s"]),
        to_next_m=tuple(row["to_next_m"]),
        quantiles=_floats(row["quantiles"]).reshape(-1, len(KEPT)),
        places=Places(row["seats"], row["standing"], row["medium_from"], row["high_from"]),
        last_stop_id=row["last_stop_id"],
        block_id=row["block_id"],
        mode=row["mode"],
        simulated=row["simulated"],
    )
    issued = Issued(trip, _floats(row["last_week"]), _floats(row["historical_mean"]))
    live = None if row["live"] is None else _floats(row["live"]).reshape(-1, len(KEPT))
    return Stored(Kept(issued, live), row["departures_at"], row["issued_at"], row["live_at"])


def _bytes(values: Floats) -> bytes:
    return values.astype("<f4").tobytes()


def _floats(content: bytes) -> Floats:
    return np.frombuffer(content, "<f4")
