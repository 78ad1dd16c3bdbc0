# SPDX-License-Identifier: EUPL-1.2
"""Values of the periods that counted days lie in; a value that changed is a further row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import isclose
from typing import Any

from kpi_aggregator.computing.plan import Planned, Span, days_of
from kpi_aggregator.domain.causes import Cause, Change, weightiest
from kpi_aggregator.domain.formula import Aggregation, Formula, Stretch
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.outcome import Before, Outcome, Reason, missing, outcome
from kpi_aggregator.domain.periods import Period, end_of, start_of, starts_between
from kpi_aggregator.domain.sums import Sums, total
from kpi_aggregator.storage import computed, events, progress, totals
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.progress import Progress

Key = tuple[Period, date]
Touched = Mapping[Key, Change]


@dataclass(frozen=True, slots=True)
class Frame:
    """Until when days are counted, since when there are any, and before which none are wanted."""

    first: date
    last: date
    since: date = date.min

    def elapsed(self, formula: Formula, period: Period, start: date) -> int:
        """Return how many days of a period count and are over."""
        last = min(end_of(period, start) - timedelta(days=1), self.last)
        return _number_of_days(formula, max(start, self.since), last)

    def covered(self, formula: Formula, period: Period, start: date) -> int:
        """Return how many of them lie after the first day of which anything is known."""
        last = min(end_of(period, start) - timedelta(days=1), self.last)
        return _number_of_days(formula, max(start, self.first, self.since), last)


def frame_of(formula: Formula, reached: Progress) -> Frame:
    """Return which days of a formula are counted and wanted."""
    return Frame(reached.first_day, reached.counted_until, formula.since or date.min)


def whole_by(formula: Formula, sums: Sums, covered: int) -> Sums:
    """Return sums as complete as the days that are covered, where days without rows are zero.

    Where a heartbeat tells since when a register is kept, days are as complete as it says.
    """
    if not formula.quiet_days or formula.heartbeat is not None:
        return sums
    return Sums(replace(sums.amount, known=covered, expected=covered), covered)


def _number_of_days(formula: Formula, first: date, last: date) -> int:
    if not formula.weekdays:
        return max((last - first).days + 1, 0)
    return sum(formula.counts(day) for day in days_of(Span(first, last)))


async def value(connection: Any, planned: Planned, last: date, now: datetime) -> int:
    """Store the values of a formula's indicators that changed; return how many."""
    await progress.take_turn(connection)
    formula = planned.formula
    reached = (await progress.progress(connection)).get(formula.formula_id)
    if planned.fault is not None or reached is None:
        return await _store_missing(connection, planned, reached, last, now)
    counted = await progress.counted(connection, formula.formula_id)
    ids = [each.indicator_id for each in planned.indicators]
    fresh = await computed.without_any(connection, ids, formula.formula_id)
    found: list[ComputedValue] = []
    for indicator in planned.indicators:
        days = dict(counted)
        if indicator.indicator_id in fresh:
            everything = days_of(Span(reached.first_day, reached.counted_until))
            days = dict.fromkeys(everything, Cause.FIRST)
        if days:
            touched = _touched(formula, _widened(formula, days, reached))
            found += await _changed(connection, formula, indicator, touched, reached, now)
    await _keep(connection, planned, found)
    await progress.forget_counted(connection, formula.formula_id)
    return len(found)


async def _keep(connection: Any, planned: Planned, found: list[ComputedValue]) -> None:
    await computed.add(connection, found)
    by_id = {each.indicator_id: each for each in planned.indicators}
    told = [
        (by_id[each.indicator_id], each)
        for each in found
        if each.period is by_id[each.indicator_id].period
    ]
    await events.of_computed(connection, told)


def _widened(
    formula: Formula, days: Mapping[date, Cause], reached: Progress
) -> Mapping[date, Cause]:
    """Return the days whose values may have changed.

    A member known earlier is new later no more, and all is held against what was before.
    """
    since = min(days)
    if formula.before is not None and since < formula.before.until:
        since = max(formula.before.until, reached.first_day)
    elif formula.aggregation is not Aggregation.NEW_MEMBERS:
        return days
    return {
        day: days.get(day, Cause.LATE_DATA) for day in days_of(Span(since, reached.counted_until))
    }


def _touched(formula: Formula, days: Mapping[date, Cause]) -> Touched:
    causes: defaultdict[tuple[Period, date], defaultdict[Cause, list[date]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for day, cause in days.items():
        if formula.since is not None and day < formula.since:
            continue
        for period in Period:
            causes[period, start_of(period, day)][cause].append(day)
    return {key: weightiest(of) for key, of in causes.items()}


async def _changed(  # a value and all it is made of
    connection: Any,
    formula: Formula,
    indicator: Indicator,
    touched: Touched,
    reached: Progress,
    now: datetime,
) -> list[ComputedValue]:
    """Return the values that are not what was told before."""
    if not touched:
        return []
    results = await _outcomes(
        connection, formula, indicator, touched.keys(), reached, reached.counted_until
    )
    before = await computed.holding_of(connection, indicator.indicator_id, touched.keys())
    found = []
    for key, change in sorted(touched.items()):
        new = _row(indicator, formula, key, results[key], reached.counted_until, now)
        if not _is_told(before.get(key), new):
            found.append(_explained(new, before.get(key), change))
    return found


async def _outcomes(  # all that a value is made of
    connection: Any,
    formula: Formula,
    indicator: Indicator,
    keys: Collection[Key],
    reached: Progress,
    last: date,
) -> dict[Key, Outcome]:
    """Return what periods come to by the days counted, of all their days until the last one."""
    counted = frame_of(formula, reached)
    wanted = replace(counted, last=last)
    before = await _before(connection, formula)
    sums = await _sums(connection, formula, keys)
    return {
        key: outcome(
            *(formula, indicator),
            whole_by(formula, sums.get(key, Sums()), counted.covered(formula, *key)),
            days=wanted.elapsed(formula, *key),
            before=before,
        )
        for key in keys
    }


async def _before(connection: Any, formula: Formula) -> Before | None:
    if formula.before is None:
        return None
    days = await totals.by_day(connection, formula, formula.before)
    last = formula.before.until - timedelta(days=1)
    return Before(total(days.values()), _number_of_days(formula, formula.before.begin, last))


async def _sums(
    connection: Any, formula: Formula, touched: Collection[Key]
) -> dict[tuple[Period, date], Sums]:
    since = formula.since or date.min
    if not formula.aggregation.is_additive:
        return {
            (period, start_of(period, begin)): sums
            for period in Period
            for begin, sums in (
                await totals.of_members(
                    connection, formula, list(_stretches(touched, period, since))
                )
            ).items()
        }
    begin = max(min(start for _, start in touched), since)
    until = max(end_of(*key) for key in touched)
    by_day = await totals.by_day(connection, formula, Stretch(begin, until))
    parts: defaultdict[tuple[Period, date], list[Sums]] = defaultdict(list)
    for day, sums in by_day.items():
        for period in Period:
            key = (period, start_of(period, day))
            if key in touched:
                parts[key].append(sums)
    return {key: total(each) for key, each in parts.items()}


def _stretches(touched: Collection[Key], period: Period, since: date) -> Iterator[Stretch]:
    for each, start in touched:
        if each is period:
            yield Stretch(max(start, since), end_of(period, start))


def _row(  # a value and all it is made of
    indicator: Indicator,
    formula: Formula,
    key: tuple[Period, date],
    result: Outcome,
    last: date,
    now: datetime,
) -> ComputedValue:
    period, start = key
    return ComputedValue(
        indicator_id=indicator.indicator_id,
        period=period,
        period_start=start,
        value=result.value,
        reason=result.reason,
        numerator=result.amount.numerator,
        denominator=result.amount.denominator,
        completeness=result.completeness,
        confidence=result.confidence,
        lowest=result.lowest,
        highest=result.highest,
        provisional=end_of(period, start) > last + timedelta(days=1),
        simulated=result.simulated,
        formula_id=formula.formula_id,
        formula_version=formula.version,
        cause=Cause.FIRST,
        days=(),
        computed_at=now,
    )


def _explained(new: ComputedValue, before: ComputedValue | None, change: Change) -> ComputedValue:
    """Return a value with why it was computed."""
    cause = change.cause
    if before is None:
        return new
    if cause is Cause.FIRST:
        cause = Cause.FRAMEWORK
    if before.reason in {Reason.SOURCE_MISSING, Reason.NO_DATA} and cause is Cause.FRAMEWORK:
        cause = Cause.SOURCE
    if cause is Cause.ONGOING and not before.provisional:
        # It was closed without the days that came now: their source was missing.
        cause = Cause.SOURCE
    elif cause is Cause.ONGOING and not new.provisional:
        cause = Cause.COMPLETED
    return replace(new, cause=cause, days=change.days)


def _is_told(before: ComputedValue | None, new: ComputedValue) -> bool:
    """Tell whether readers were told the same already."""
    if before is None:
        return False
    same = (before.reason, before.provisional, before.simulated, before.formula_version) == (
        *(new.reason, new.provisional, new.simulated, new.formula_version),
    )
    pairs = (
        (before.value, new.value),
        (before.completeness, new.completeness),
        (before.numerator, new.numerator),
        (before.denominator, new.denominator),
    )
    return same and all(_close(old, now) for old, now in pairs)


def _close(old: float | None, now: float | None) -> bool:
    if old is None or now is None:
        return old is now
    return isclose(old, now, rel_tol=1e-9, abs_tol=1e-9)


async def _store_missing(
    connection: Any, planned: Planned, reached: Progress | None, last: date, now: datetime
) -> int:
    """Tell of the periods that are over that they have no value, unless that was told.

    One that ran when its source was lost is closed with what was counted, where that is enough.
    """
    formula, found = planned.formula, []
    reason = Reason.SOURCE_MISSING if planned.fault is not None else Reason.NO_DATA
    for indicator in planned.indicators:
        keys = _over(indicator, reached, last)
        before = await computed.holding_of(connection, indicator.indicator_id, keys)
        ran = [key for key in keys if key in before and before[key].provisional]
        results = dict.fromkeys(keys, missing(reason))
        if ran and reached is not None and reached.version == formula.version:
            closed = await _outcomes(connection, formula, indicator, ran, reached, last)
            results |= {
                key: each if each.reason is None else replace(each, reason=reason)
                for key, each in closed.items()
            }
        for key in keys:
            new = _row(indicator, formula, key, results[key], last, now)
            held = before.get(key)
            if held is None:
                found.append(new)
            elif held.provisional or (reached is None and held.reason not in {None, reason}):
                found.append(replace(new, cause=Cause.SOURCE))
    await _keep(connection, planned, found)
    return len(found)


def _over(indicator: Indicator, reached: Progress | None, last: date) -> list[Key]:
    """Return the newest period that is over, and all that ended since days are counted no more."""
    start = start_of(indicator.period, last + timedelta(days=1))
    found = {(indicator.period, start_of(indicator.period, start - timedelta(days=1)))}
    if reached is not None:
        since = reached.counted_until + timedelta(days=1)
        found |= {
            (period, start)
            for period in Period
            for start in starts_between(period, since, last)
            if end_of(period, start) <= last + timedelta(days=1)
        }
    return sorted(found)
