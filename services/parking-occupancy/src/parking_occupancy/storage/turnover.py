# SPDX-License-Identifier: EUPL-1.2
"""Stays of a lot in stretches of time: flows, occupancy and dwell times; the database adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from parking_occupancy.domain.dwell import Lasted

# $1 lot, $2 begin, $3 end, $4 borders of the buckets from begin to end, $5 counted until
# A bay once for each time in which it was of one kind, none of a person.
_KINDS = """
with kinds as materialized (
    select bay_id, kind, heartbeat_limit_s, since as kind_since, until as kind_until,
           greatest(since, $2) as since, least(until, $3) as until,
           (select max_stay_min from bay where bay.bay_id = k.bay_id) as max_stay_min
      from stay_kind k
     where lot_id = $1 and retired_at is null and since < $3 and until > $2
)
"""
_STRETCHES = (
    _KINDS  # noqa: S608 (constant parts only)
    + """
, s as materialized (
    select k.kind, k.since, k.until, t.occupied, t.begun_from, t.begun_to, t.ended_from, t.ended_to,
           t.ending, t.simulated, k.max_stay_min,
           least(coalesce(t.ended_to, t.ended_from + make_interval(secs => k.heartbeat_limit_s)),
                 $5::timestamptz) as known_to,
           t.begun_to >= k.kind_since and t.begun_to < k.kind_until as begins,
           t.ended_to >= k.kind_since and t.ended_to < k.kind_until as ends,
           t.ended_from >= k.kind_since and t.ended_from < k.kind_until as ends_unseen,
           width_bucket(t.begun_from, $4::timestamptz[]) - 1 as from_i,
           width_bucket(t.begun_to, $4::timestamptz[]) - 1 as to_i,
           width_bucket(t.ended_from, $4::timestamptz[]) - 1 as end_from_i,
           width_bucket(t.ended_to, $4::timestamptz[]) - 1 as end_to_i
      from kinds k
      cross join lateral (
        (select * from bay_stretch where bay_id = k.bay_id and begun_to < k.since
          order by begun_to desc limit 2)
         union all
        (select * from bay_stretch
          where bay_id = k.bay_id and begun_to >= k.since and begun_to < k.until)
         union all
        (select * from bay_stretch where bay_id = k.bay_id and begun_to >= k.until
          order by begun_to limit 1)
      ) t
)
"""
)
# $6 longest stay allowed in minutes, where the bay has none of its own
_FLOWS = (
    _STRETCHES  # noqa: S608 (constant parts only)
    + """
select i, sum(arrival)::int as arrivals, sum(arrival_sure)::int as arrivals_min,
       sum(arrival_may)::int as arrivals_max, sum(departure)::int as departures,
       sum(departure_sure)::int as departures_min, sum(departure_may)::int as departures_max,
       sum(found)::int as found, sum(lost)::int as lost, sum(over_sure)::int as overstays_min,
       sum(over)::int as overstays, sum(over_may)::int as overstays_max,
       bool_or(simulated) as simulated
  from (
    select to_i as i, (begun_from is not null)::int as arrival,
           coalesce((from_i = to_i)::int, 0) as arrival_sure, 0 as arrival_may,
           0 as departure, 0 as departure_sure, 0 as departure_may,
           (begun_from is null)::int as found, 0 as lost,
           coalesce((ended_from - begun_to > make_interval(mins => coalesce(max_stay_min, $6)))::int, 0) as over_sure,
           coalesce((coalesce(ended_to, ended_from) - begun_to
                     > make_interval(mins => coalesce(max_stay_min, $6)))::int, 0) as over,
           coalesce((coalesce(ended_to, known_to) - coalesce(begun_from, begun_to)
                     > make_interval(mins => coalesce(max_stay_min, $6)))::int, 0) as over_may, simulated
      from s where occupied and begins
    union all
    select generate_series(from_i, to_i), 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, simulated
      from s where occupied and begins and begun_from is not null
    union all
    select end_to_i, 0, 0, 0, 1, (end_from_i = end_to_i)::int, 0, 0, 0, 0, 0, 0, simulated
      from s where occupied and ends
    union all
    select generate_series(end_from_i, end_to_i), 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, simulated
      from s where occupied and ends
    union all
    select end_from_i, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, simulated
      from s where occupied and ends_unseen and ending = 'silent'
  ) each
 where i >= 0 and i < cardinality($4) - 1
 group by i
"""
)
_OCCUPANCY = (
    _STRETCHES  # noqa: S608 (constant parts only)
    + """
select kind, i, sum(seconds)::float8 as known_s,
       coalesce(sum(seconds) filter (where occupied), 0)::float8 as occupied_s
  from s
  cross join lateral generate_series(
    greatest(to_i, 0),
    least(width_bucket(known_to, $4), cardinality($4) - 1) - 1) as i
  cross join lateral (
    select extract(epoch from least(known_to, until, ($4)[i + 2])
                              - greatest(begun_to, since, ($4)[i + 1])) as seconds
  ) overlap
 where seconds > 0
 group by kind, i
"""
)
_DWELL = (
    _STRETCHES  # noqa: S608 (constant parts only)
    + """
select to_i as i, measure, minutes, ended_to is not null as ended, count(*)::int as stays
  from s
  cross join lateral (values
    (0, ended_from - begun_to),
    (1, coalesce(ended_to, ended_from) - begun_to),
    (2, coalesce(ended_to, ended_from) - begun_from)) as lasted (measure, time)
  cross join lateral (select greatest(round(extract(epoch from time) / 60), 0)::int as minutes) m
 where occupied and begins and begun_from is not null and begun_to >= $2 and begun_to < $3
 group by 1, 2, 3, 4
"""
)
_PLACES = (
    _KINDS
    + """
select kind, i, count(distinct bay_id)::int as bays,
       coalesce(sum(extract(epoch from least(until, ended, $5) - greatest(since, began)))
                  filter (where $5 > greatest(since, began)), 0)::float8 as placed_s
  from kinds
  cross join lateral generate_series(
    width_bucket(since, $4::timestamptz[]) - 1,
    least(width_bucket(until, $4), cardinality($4) - 1) - 1) as i
  cross join lateral (select ($4)[i + 1] as began, ($4)[i + 2] as ended) bucket
 where until > began
 group by kind, i order by kind, i
"""
)


class Asked(NamedTuple):
    """Of which lot and buckets, by their borders; `counted_until` is up to when stays are known."""

    lot_id: str
    borders: Sequence[datetime]
    counted_until: datetime

    @property
    def begin(self) -> datetime:
        """Return where the first bucket begins."""
        return self.borders[0]

    @property
    def end(self) -> datetime:
        """Return where the last bucket ends."""
        return self.borders[-1]

    @property
    def parameters(self) -> tuple[Any, ...]:
        """Return what the statements take."""
        return self.lot_id, self.begin, self.end, list(self.borders), self.counted_until


class Flow(NamedTuple):
    """Arrivals and departures of a bucket, surely and possibly in it; stays found and lost."""

    arrivals: int = 0
    arrivals_min: int = 0
    arrivals_max: int = 0
    departures: int = 0
    departures_min: int = 0
    departures_max: int = 0
    found: int = 0
    lost: int = 0
    overstays_min: int = 0
    overstays: int = 0
    overstays_max: int = 0
    simulated: bool = False


class Occupied(NamedTuple):
    """Bay time of one kind in one bucket, in seconds."""

    known_s: float
    occupied_s: float


class Placed(NamedTuple):
    """Bays that were of one kind in one bucket, be it for a part of it, and their time in seconds."""

    bays: int
    placed_s: float


class Measured(NamedTuple):
    """Dwell times: the shortest possible, as reported, the longest possible."""

    shortest: list[Lasted]
    reported: list[Lasted]
    longest: list[Lasted]


async def flows(connection: Any, asked: Asked, max_stay_min: int | None) -> dict[int, Flow]:
    """Return what came and went, by bucket."""
    rows = await connection.fetch(_FLOWS, *asked.parameters, max_stay_min)
    return {row["i"]: Flow(*row[1:]) for row in rows}


async def occupancy(connection: Any, asked: Asked) -> Mapping[tuple[str, int], Occupied]:
    """Return bay time by kind and bucket."""
    rows = await connection.fetch(_OCCUPANCY, *asked.parameters)
    return {(row["kind"], row["i"]): Occupied(row["known_s"], row["occupied_s"]) for row in rows}


async def dwell_times(connection: Any, asked: Asked) -> Mapping[int, Measured]:
    """Return how long stays lasted, by the bucket in which they began."""
    found: defaultdict[int, Measured] = defaultdict(lambda: Measured([], [], []))
    for row in await connection.fetch(_DWELL, *asked.parameters):
        lasted = Lasted(row["minutes"], row["ended"], row["stays"])
        found[row["i"]][row["measure"]].append(lasted)
    return found


async def places(connection: Any, asked: Asked) -> Mapping[tuple[str, int], Placed]:
    """Return how many bays there were by kind and bucket, without those that belonged to a person."""
    rows = await connection.fetch(_PLACES, *asked.parameters)
    return {(row["kind"], row["i"]): Placed(row["bays"], row["placed_s"]) for row in rows}
