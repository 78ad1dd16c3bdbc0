# SPDX-License-Identifier: EUPL-1.2
"""What stretches of time amount to, of the days' amounts: summed where additive, else as sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from kpi_aggregator.domain.formula import Aggregation, Formula, Stretch
from kpi_aggregator.domain.sums import Amount, Sums

_BY_DAY = """
select day, sum(numerator), sum(denominator), sum(known), sum(expected), bool_or(simulated)
  from day_amount where formula_id = $1 and day >= $2 and day < $3
 group by day
"""
# A member is new on the first day on which there was anything of it.
_NEW_BY_DAY = """
with firsts as materialized (
    select member, min(day) as day from day_amount
     where formula_id = $1 and numerator > 0 group by member
)
select a.day, count(distinct f.member)::float8, 0::float8, sum(a.known), sum(a.expected),
       bool_or(a.simulated)
  from day_amount a left join firsts f on f.member = a.member and f.day = a.day
 where a.formula_id = $1 and a.day >= $2 and a.day < $3
 group by a.day
"""
# Of members all rows of the period count together: their union, not their sum. What has no name
# is the heartbeat of a day.
_MEMBERS = """
with periods as (
    select * from unnest($2::date[], $3::date[]) as given (begin, until)
),
members as (
    select p.begin, a.member, case when $6 then a.part else '' end as part,
           sum(a.numerator) as numerator, sum(a.denominator) as denominator,
           sum(a.known) as known, sum(a.expected) as expected,
           bool_or(a.simulated) as simulated
      from periods p join day_amount a
        on a.formula_id = $1 and a.day >= p.begin and a.day < p.until
     group by 1, 2, 3
),
days as (
    select p.begin, count(distinct a.day) as days
      from periods p join day_amount a
        on a.formula_id = $1 and a.day >= p.begin and a.day < p.until
     group by 1
)
select m.begin, m.part,
       (count(*) filter (where m.member <> '' and case when $4::float8 is null then m.numerator > 0
                                    when $5 then m.numerator >= $4 * m.denominator
                                                 and m.denominator > 0
                                    else m.numerator >= $4 end))::float8 as hits,
       (count(*) filter (where m.member <> ''))::float8 as members, sum(m.known), sum(m.expected), bool_or(m.simulated),
       min(d.days)
  from members m join days d using (begin)
 group by 1, 2
"""
_BY_PART = """
select part, sum(numerator), sum(denominator), sum(known), sum(expected), bool_or(simulated),
       count(distinct day)
  from day_amount where formula_id = $1 and day >= $2 and day < $3
 group by part order by part
"""
_NEW_BY_PART = """
with firsts as materialized (
    select member, min(day) as day from day_amount
     where formula_id = $1 and numerator > 0 group by member
)
select part, count(distinct f.member)::float8, 0::float8, sum(a.known), sum(a.expected),
       bool_or(a.simulated), count(distinct a.day)
  from day_amount a left join firsts f on f.member = a.member and f.day = a.day
 where a.formula_id = $1 and a.day >= $2 and a.day < $3
 group by part order by part
"""


async def by_day(connection: Any, formula: Formula, stretch: Stretch) -> dict[date, Sums]:
    """Return what each day amounts to, of formulas whose days add up."""
    statement = _NEW_BY_DAY if formula.aggregation is Aggregation.NEW_MEMBERS else _BY_DAY
    rows = await connection.fetch(statement, formula.formula_id, *stretch)
    return {row[0]: Sums(Amount(*tuple(row)[1:]), 1) for row in rows}


async def of_members(
    connection: Any, formula: Formula, stretches: Sequence[Stretch]
) -> dict[date, Sums]:
    """Return what stretches amount to, of formulas that count members; by their first day."""
    rows = await _members(connection, formula, stretches, by_part=False)
    return {row[0]: _sums(row) for row in rows}


async def by_part(connection: Any, formula: Formula, stretch: Stretch) -> dict[str, Sums]:
    """Return what the parts of a stretch amount to, such as lots, lines or places."""
    if not formula.aggregation.is_additive:
        rows = await _members(connection, formula, [stretch], by_part=True)
        return {row[1]: _sums(row) for row in rows}
    is_new = formula.aggregation is Aggregation.NEW_MEMBERS
    statement = _NEW_BY_PART if is_new else _BY_PART
    rows = await connection.fetch(statement, formula.formula_id, *stretch)
    return {row[0]: Sums(Amount(*tuple(row)[1:6]), row[6]) for row in rows}


async def _members(
    connection: Any, formula: Formula, stretches: Sequence[Stretch], *, by_part: bool
) -> list[Any]:
    rows: list[Any] = await connection.fetch(
        _MEMBERS,
        formula.formula_id,
        [each.begin for each in stretches],
        [each.until for each in stretches],
        formula.at_least,
        formula.per is not None,
        by_part,
    )
    return rows


def _sums(row: Any) -> Sums:
    return Sums(Amount(row[2], row[3], row[4], row[5], row[6]), row[7])
