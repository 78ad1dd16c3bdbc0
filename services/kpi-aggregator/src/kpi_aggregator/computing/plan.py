# SPDX-License-Identifier: EUPL-1.2
"""What is to be computed: formulas with their views, and the days that are new, late or ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kpi_aggregator.domain.causes import Cause
from kpi_aggregator.domain.formula import Formula
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import last_counted
from kpi_aggregator.sources import fault_of, fault_of_heartbeat, fault_of_members
from kpi_aggregator.storage import applications, framework, progress, sources
from kpi_aggregator.storage.progress import Progress
from kpi_aggregator.storage.sources import CHANGED, View

OVERLAP = timedelta(hours=1)
"""Rows are seen when they are committed, not when they were written: so long a transaction takes."""
LOOK_BACK = timedelta(days=35)
"""How far back days are counted again, nightly, of a view that does not say what changed."""


class Span(NamedTuple):
    """Days from first to last."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Planned:
    """A formula with the indicators that it computes and what it reads."""

    formula: Formula
    indicators: tuple[Indicator, ...]
    view: View | None
    among: View | None
    heartbeat: View | None
    fault: str | None

    @property
    def source(self) -> tuple[View, str] | None:
        """Return the view and its time that tell of which days anything is known."""
        if self.formula.heartbeat is not None and self.heartbeat is not None:
            return self.heartbeat, self.formula.heartbeat.time
        return None if self.view is None else (self.view, self.formula.time)

    @property
    def views(self) -> list[tuple[View, str]]:
        """Return all views whose late rows change what was counted."""
        own = [] if self.view is None else [(self.view, self.formula.time)]
        return [*own, *([self.source] if self.heartbeat and self.source else [])]


@dataclass(frozen=True, slots=True)
class Plan:
    """All formulas in force, the city's zone, and its last day that is over."""

    formulas: tuple[Planned, ...]
    timezone: str
    last: date


async def prepare(connection: Any, now: datetime, again: Span | None) -> Plan:
    """Return what is to be computed, having marked the days."""
    await progress.take_turn(connection)
    await applications.note(connection)
    timezone = await framework.timezone(connection)
    last = last_counted(now, ZoneInfo(timezone))
    indicators = await framework.indicators(connection)
    formulas = await framework.formulas(connection)
    planned = [await _planned(connection, each, indicators) for each in formulas]
    plan = Plan(tuple(each for each in planned if each.indicators), timezone, last)
    await progress.forget_gone(connection, [each.formula.formula_id for each in plan.formulas])
    await _mark(connection, plan, again)
    return plan


async def _planned(connection: Any, formula: Formula, indicators: Sequence[Indicator]) -> Planned:
    view = await sources.view(connection, formula.view)
    fault = f"there is no {formula.view}" if view is None else fault_of(view, formula)
    among = heartbeat = None
    if formula.among is not None:
        name = formula.among.view
        among = await sources.view(connection, name)
        wrong = f"there is no {name}" if among is None else fault_of_members(among, formula.among)
        fault = fault or wrong
    if (beat := formula.heartbeat) is not None:
        heartbeat = await sources.view(connection, beat.view)
        wrong = f"there is no {beat.view}"
        fault = fault or (wrong if heartbeat is None else fault_of_heartbeat(heartbeat, beat))
    own = tuple(each for each in indicators if each.formula == formula.formula_id)
    return Planned(formula, own, view, among, heartbeat, fault)


async def _mark(connection: Any, plan: Plan, again: Span | None) -> None:
    known = await progress.progress(connection)
    firsts: dict[tuple[str, str], date | None] = {}
    late: dict[tuple[str, str], list[date] | None] = {}
    for each in plan.formulas:
        if each.source is None or each.fault is not None:
            continue
        first = await _first_of(connection, plan, each, {} if again else known, firsts)
        if first is not None and first <= plan.last:
            reached = known.get(each.formula.formula_id)
            changed = await _late_of(connection, each, late, plan.timezone)
            await _mark_formula(connection, each.formula, Span(first, plan.last), reached)
            await _mark_late(connection, each.formula, changed, reached, plan.last)
            if again is not None:
                span = Span(max(first, again.first), min(plan.last, again.last))
                await progress.mark(
                    connection, each.formula.formula_id, days_of(span), Cause.RECOMPUTED
                )
    seen = await connection.fetchval("select now()")
    for name in sorted({view.name for each in plan.formulas for view, _ in each.views}):
        await sources.set_seen(connection, name, seen)


async def _first_of(
    connection: Any,
    plan: Plan,
    of: Planned,
    known: Mapping[str, Progress],
    firsts: dict[tuple[str, str], date | None],
) -> date | None:
    """Return from which day on a formula is counted; of a register it is told, not found."""
    if of.formula.quiet_days and of.formula.since is not None:
        return of.formula.since
    if of.source is None:
        return None
    key = (of.source[0].name, of.source[1])
    if key not in firsts:
        firsts[key] = await _first(connection, plan, of.source, known)
    return firsts[key]


async def _first(
    connection: Any, plan: Plan, source: tuple[View, str], known: Mapping[str, Progress]
) -> date | None:
    """Return the first day of a view: where all its formulas know it, only an earlier one is sought.

    Who counts anew must know from when on there are rows: of what the owner deleted, sums stay.
    """
    view, time = source
    own = [
        (each.formula, known.get(each.formula.formula_id))
        for each in plan.formulas
        if each.source == source and each.fault is None
    ]
    days = [
        reached.first_day for each, reached in own if reached and reached.version == each.version
    ]
    if len(days) < len(own):
        return await sources.first_day(connection, view, time, plan.timezone)
    first = min(days)
    earlier = await sources.first_day(connection, view, time, plan.timezone, before=first)
    return first if earlier is None else earlier


async def _late_of(
    connection: Any,
    of: Planned,
    late: dict[tuple[str, str], list[date] | None],
    timezone: str,
) -> list[date] | None:
    """Return the days of which anything changed; none where one of the views does not tell."""
    found: set[date] = set()
    for view, time in of.views:
        key = (view.name, time)
        if key not in late:
            late[key] = await _late(connection, view, time, timezone)
        days = late[key]
        if days is None:
            return None
        found.update(days)
    return sorted(found)


async def _late(connection: Any, view: View, time: str, timezone: str) -> list[date] | None:
    """Return the days that changed; none where the view does not tell."""
    if CHANGED not in view.columns:
        return None
    seen = await sources.seen_until(connection, view.name)
    if seen is None:
        return []
    return await sources.changed_days(
        connection, view, time, since=seen - OVERLAP, timezone=timezone
    )


async def _mark_formula(
    connection: Any, formula: Formula, there: Span, reached: Progress | None
) -> None:
    """Mark the days that were never counted, or by another version."""
    first = there.first
    if reached is None:
        await progress.mark(connection, formula.formula_id, days_of(there), Cause.FIRST)
    elif reached.version != formula.version:
        await progress.mark(connection, formula.formula_id, days_of(there), Cause.FORMULA)
        first = min(first, reached.first_day)
    else:
        first = min(first, reached.first_day)
        added = Span(reached.counted_until + timedelta(days=1), there.last)
        await progress.mark(connection, formula.formula_id, days_of(added), Cause.ONGOING)
        before = Span(first, reached.first_day - timedelta(days=1))
        await progress.mark(connection, formula.formula_id, days_of(before), Cause.LATE_DATA)
    until = there.last if reached is None else max(there.last, reached.counted_until)
    await progress.set_progress(
        connection, formula.formula_id, Progress(formula.version, first, until)
    )


async def _mark_late(
    connection: Any,
    formula: Formula,
    changed: list[date] | None,
    reached: Progress | None,
    last: date,
) -> None:
    """Mark the days that were counted and changed since."""
    if reached is None:
        return
    is_new_day = reached.counted_until < last
    if formula.quiet_days and is_new_day:
        # Of a register rows are withdrawn, of which nothing is left that could say so.
        changed = days_of(Span(reached.first_day, last))
    elif changed is None:
        changed = days_of(Span(reached.counted_until - LOOK_BACK, last)) if is_new_day else []
    days = [day for day in changed if reached.first_day <= day <= reached.counted_until]
    await progress.mark(connection, formula.formula_id, days, Cause.LATE_DATA)


def days_of(span: Span) -> list[date]:
    """Return the days of a span, none where it ends before it begins."""
    number = (span.last - span.first).days + 1
    return [span.first + timedelta(days=n) for n in range(number)]
