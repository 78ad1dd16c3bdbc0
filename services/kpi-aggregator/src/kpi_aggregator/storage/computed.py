# SPDX-License-Identifier: EUPL-1.2
"""Computed values: only ever added to, the newest of a period holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kpi_aggregator.domain.causes import Cause
from kpi_aggregator.domain.outcome import Confidence, Reason
from kpi_aggregator.domain.periods import Period

_FIELDS = (
    *("indicator_id", "period", "period_start", "value", "reason", "numerator", "denominator"),
    *("completeness", "confidence", "lowest", "highest", "provisional", "simulated"),
    *("formula_id", "formula_version", "cause", "days", "computed_at"),
)
_READ = ", ".join(_FIELDS)
_HOLDING = f"""
select distinct on (indicator_id, period, period_start) {_READ}
  from computed_value
 where indicator_id = any($1::text[]) and ($2::text is null or period = $2)
   and ($3::date is null or period_start >= $3) and ($4::date is null or period_start < $4)
   and ($5::timestamptz is null or computed_at < $5)
 order by indicator_id, period, period_start, number desc
"""  # noqa: S608 (constant parts only)
_HOLDING_OF = f"""
select distinct on (period, period_start) {_READ}
  from unnest($2::text[], $3::date[]) as given (period, period_start)
  join computed_value using (period, period_start)
 where indicator_id = $1
 order by period, period_start, number desc
"""  # noqa: S608
_HISTORY = f"""
select {_READ} from computed_value
 where indicator_id = any($1::text[]) and period = $2
   and ($3::date is null or period_start = $3)
   and ($4::timestamptz is null or computed_at < $4)
 order by number
"""  # noqa: S608
_WITHOUT = """
select indicator_id from unnest($1::text[]) as given (indicator_id)
 where not exists (select from computed_value v
                    where v.indicator_id = given.indicator_id and v.formula_id = $2
                      and coalesce(v.reason, '') not in ('source_missing', 'no_data'))
"""


@dataclass(frozen=True, slots=True)
class ComputedValue:
    """One computed value of a period, with why it was computed."""

    indicator_id: str
    period: Period
    period_start: date
    value: float | None
    reason: Reason | None
    numerator: float
    denominator: float
    completeness: float
    confidence: Confidence | None
    lowest: float | None
    highest: float | None
    provisional: bool
    simulated: bool
    formula_id: str
    formula_version: int
    cause: Cause
    days: tuple[date, ...]
    computed_at: datetime


async def add(connection: Any, found: Sequence[ComputedValue]) -> None:
    """Store values; they hold from now on."""
    records = [tuple(getattr(each, name) for name in _FIELDS) for each in found]
    await connection.copy_records_to_table("computed_value", columns=_FIELDS, records=records)


async def holding(
    connection: Any,
    indicator_ids: Sequence[str],
    *,
    period: Period | None = None,
    start: date | None = None,
    end: date | None = None,
    known_at: datetime | None = None,
) -> list[ComputedValue]:
    """Return the values that hold, or held before a time, by indicator and period."""
    rows = await connection.fetch(_HOLDING, list(indicator_ids), period, start, end, known_at)
    return [_value(row) for row in rows]


async def holding_of(
    connection: Any, indicator_id: str, periods: Collection[tuple[Period, date]]
) -> dict[tuple[Period, date], ComputedValue]:
    """Return the values of an indicator that hold in these periods."""
    lengths, starts = [each for each, _ in periods], [start for _, start in periods]
    rows = await connection.fetch(_HOLDING_OF, indicator_id, lengths, starts)
    return {(each.period, each.period_start): each for each in map(_value, rows)}


async def history(
    connection: Any,
    indicator_ids: Sequence[str],
    period: Period,
    *,
    start: date | None = None,
    known_at: datetime | None = None,
) -> list[ComputedValue]:
    """Return all that was ever told of a period, or of all of that length, oldest first."""
    rows = await connection.fetch(_HISTORY, list(indicator_ids), period, start, known_at)
    return [_value(row) for row in rows]


async def without_any(connection: Any, indicator_ids: Sequence[str], formula_id: str) -> set[str]:
    """Return those of some indicators that no value was computed of by a formula."""
    rows = await connection.fetch(_WITHOUT, list(indicator_ids), formula_id)
    return {row["indicator_id"] for row in rows}


def _value(row: Any) -> ComputedValue:
    fields = dict(row)
    reason, confidence = fields["reason"], fields["confidence"]
    return ComputedValue(
        **{
            **fields,
            "period": Period(fields["period"]),
            "reason": None if reason is None else Reason(reason),
            "confidence": None if confidence is None else Confidence(confidence),
            "cause": Cause(fields["cause"]),
            "days": tuple(fields["days"]),
        }
    )
