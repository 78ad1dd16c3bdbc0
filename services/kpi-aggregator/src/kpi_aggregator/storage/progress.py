# SPDX-License-Identifier: EUPL-1.2
"""How far formulas are computed, which days are to be counted (again), and what days amount to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from kpi_aggregator.domain.causes import Cause
from kpi_aggregator.domain.sums import Amount, Place

# Whoever computes does so alone; a second process waits, then finds nothing left to do.
_TURN = "select pg_advisory_xact_lock(hashtextextended('kpi.compute', 0))"
_PROGRESS = "select formula_id, version, first_day, counted_until from formula_progress"
_SET_PROGRESS = """
insert into formula_progress (formula_id, version, first_day, counted_until)
values ($1, $2, $3, $4)
    on conflict (formula_id) do update
   set (version, first_day, counted_until)
     = (excluded.version, excluded.first_day, excluded.counted_until)
"""
# The weightier cause stays; what was counted and waits for its values is counted once more.
_MARK = """
insert into day_dirty (formula_id, day, cause)
select $1, day, $3 from unnest($2::date[]) as given (day)
    on conflict (formula_id, day) do update
   set counted = false,
       cause = case when array_position($4::text[], excluded.cause)
                       > array_position($4::text[], day_dirty.cause)
                    then excluded.cause else day_dirty.cause end
"""
_WAITING = """
select formula_id, day, cause from day_dirty
 where not counted and formula_id = any($1::text[]) order by day, formula_id
"""
_COUNTED = "select day, cause from day_dirty where formula_id = $1 and counted order by day"
_SET_COUNTED = """
update day_dirty set counted = true where formula_id = $1 and day = any($2::date[])
"""
_UNMARK = "delete from day_dirty where formula_id = $1 and day = any($2::date[])"
_FORGET_COUNTED = "delete from day_dirty where formula_id = $1 and counted"
_FORGET_ALL = "delete from formula_progress"
_FORGET_GONE = "delete from day_dirty where formula_id <> all($1::text[])"
_AMOUNTS = """
select day, part, member, numerator, denominator, known, expected, simulated
  from day_amount where formula_id = $1 and day = any($2::date[])
"""
_DELETE_AMOUNTS = "delete from day_amount where formula_id = $1 and day = any($2::date[])"
_COLUMNS = (
    *("formula_id", "day", "part", "member", "numerator", "denominator", "known", "expected"),
    "simulated",
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a formula is counted, by which version."""

    version: int
    first_day: date
    counted_until: date


class Waiting(NamedTuple):
    """A day that a formula is to be counted of."""

    formula_id: str
    day: date
    cause: Cause


async def take_turn(connection: Any) -> None:
    """Wait until nobody else computes; held until the transaction ends."""
    await connection.execute(_TURN)


async def progress(connection: Any) -> dict[str, Progress]:
    """Return how far each formula is."""
    rows = await connection.fetch(_PROGRESS)
    return {
        row["formula_id"]: Progress(row["version"], row["first_day"], row["counted_until"])
        for row in rows
    }


async def set_progress(connection: Any, formula_id: str, reached: Progress) -> None:
    """Note how far a formula is."""
    await connection.execute(
        _SET_PROGRESS, formula_id, reached.version, reached.first_day, reached.counted_until
    )


async def mark(connection: Any, formula_id: str, days: Iterable[date], cause: Cause) -> None:
    """Have days of a formula counted, again where they were."""
    await connection.execute(_MARK, formula_id, sorted(set(days)), cause, list(Cause))


async def waiting(connection: Any, formula_ids: Sequence[str]) -> list[Waiting]:
    """Return the days to be counted, in order."""
    rows = await connection.fetch(_WAITING, list(formula_ids))
    return [Waiting(row["formula_id"], row["day"], Cause(row["cause"])) for row in rows]


async def counted(connection: Any, formula_id: str) -> dict[date, Cause]:
    """Return the counted days of a formula whose periods wait for their values."""
    rows = await connection.fetch(_COUNTED, formula_id)
    return {row["day"]: Cause(row["cause"]) for row in rows}


async def forget_counted(connection: Any, formula_id: str) -> None:
    """Note that the periods of all counted days have their values."""
    await connection.execute(_FORGET_COUNTED, formula_id)


async def forget_all(connection: Any) -> None:
    """Have everything counted anew."""
    await connection.execute(_FORGET_ALL)


async def forget_gone(connection: Any, formula_ids: Sequence[str]) -> None:
    """Drop the marks of formulas that there are no more."""
    await connection.execute(_FORGET_GONE, list(formula_ids))


async def amounts(connection: Any, formula_id: str, days: Sequence[date]) -> dict[Place, Amount]:
    """Return what days amount to as they were counted last."""
    rows = await connection.fetch(_AMOUNTS, formula_id, list(days))
    return {Place(*tuple(row)[:3]): Amount(*tuple(row)[3:]) for row in rows}


async def put(
    connection: Any,
    formula_id: str,
    found: Mapping[Place, Amount],
    *,
    changed: set[date],
    unchanged: set[date],
) -> None:
    """Store what changed days amount to; of the others only the mark is dropped."""
    if unchanged:
        await connection.execute(_UNMARK, formula_id, sorted(unchanged))
    if not changed:
        return
    await connection.execute(_DELETE_AMOUNTS, formula_id, sorted(changed))
    records = [
        (
            *(formula_id, *place, amount.numerator, amount.denominator),
            *(amount.known, amount.expected, amount.simulated),
        )
        for place, amount in found.items()
        if place.day in changed
    ]
    await connection.copy_records_to_table("day_amount", columns=_COLUMNS, records=records)
    await connection.execute(_SET_COUNTED, formula_id, sorted(changed))
