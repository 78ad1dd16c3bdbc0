# SPDX-License-Identifier: EUPL-1.2
"""Counts marked days: one reading of a view for all its formulas, a month at most at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from kpi_aggregator.computing.plan import Plan, Planned
from kpi_aggregator.domain.causes import Cause
from kpi_aggregator.domain.sums import (
    Amount,
    Keys,
    Place,
    Row,
    changed_days,
    select,
    with_all_members,
    with_heartbeat,
    with_silence,
)
from kpi_aggregator.storage import progress, scans, sources
from kpi_aggregator.storage.progress import Waiting

LONGEST = 31


@dataclass(frozen=True, slots=True)
class Task:
    """Consecutive days of one view, and which of them each formula is to be counted of."""

    first: date
    last: date
    days: Mapping[str, Mapping[date, Cause]]
    formulas: tuple[Planned, ...]


def tasks(plan: Plan, waiting: Sequence[Waiting]) -> list[Task]:
    """Return what is to be read, each view's days together."""
    groups: defaultdict[tuple[str, str], list[Planned]] = defaultdict(list)
    for each in plan.formulas:
        if each.fault is None:
            groups[each.formula.view, each.formula.time].append(each)
    marked: defaultdict[str, dict[date, Cause]] = defaultdict(dict)
    for formula_id, day, cause in waiting:
        marked[formula_id][day] = cause
    return [task for group in groups.values() for task in _of_group(group, marked)]


def _of_group(
    group: Sequence[Planned], marked: Mapping[str, Mapping[date, Cause]]
) -> Iterator[Task]:
    days = sorted({day for each in group for day in marked.get(each.formula.formula_id, ())})
    while days:
        stretch = [days[0]]
        for day in days[1:LONGEST]:
            if day - stretch[-1] > timedelta(days=1):
                break
            stretch.append(day)
        wanted = {
            each.formula.formula_id: {
                day: cause
                for day, cause in marked.get(each.formula.formula_id, {}).items()
                if stretch[0] <= day <= stretch[-1]
            }
            for each in group
        }
        own = tuple(each for each in group if wanted[each.formula.formula_id])
        yield Task(stretch[0], stretch[-1], wanted, own)
        days = days[len(stretch) :]


async def count(connection: Any, task: Task, timezone: str) -> int:
    """Store what days amount to; return how many differ from what was stored."""
    await progress.take_turn(connection)
    view = task.formulas[0].view
    if view is None:
        return 0
    scan = scans.Scan.of(view, [each.formula for each in task.formulas])
    rows = await scans.run(connection, scan, task.first, task.last, timezone)
    found = [
        (each, await _complete(connection, each, task, _selected(each, task, scan, rows), timezone))
        for each in task.formulas
    ]
    return sum([await _store(connection, each, task, own) for each, own in found])


def _selected(
    planned: Planned, task: Task, scan: scans.Scan, rows: Mapping[Keys, Sequence[Row]]
) -> Mapping[Place, Amount]:
    formula = planned.formula
    days = task.days[formula.formula_id].keys()
    return select(formula, rows, keys=scan.keys, cell=scan.position(formula), days=days)


async def _complete(
    connection: Any,
    planned: Planned,
    task: Task,
    found: Mapping[Place, Amount],
    timezone: str,
) -> Mapping[Place, Amount]:
    """Return amounts with what other views say: which members there are, how much was counted."""
    formula = planned.formula
    days = [day for day in task.days[formula.formula_id] if formula.counts(day)]
    if formula.among is not None and planned.among is not None:
        members = await sources.members(connection, planned.among, formula.among, timezone)
        found = with_all_members(found, days, members)
    if formula.heartbeat is not None and planned.heartbeat is not None:
        beats = await scans.beats(
            connection, planned.heartbeat, formula.heartbeat, task.first, task.last, timezone
        )
        if formula.quiet_days:
            beats = with_silence(beats, days)
        found = with_heartbeat(found, days, beats)
    return found


async def _store(
    connection: Any,
    planned: Planned,
    task: Task,
    found: Mapping[Place, Amount],
) -> int:
    formula = planned.formula
    days = task.days[formula.formula_id]
    before = await progress.amounts(connection, formula.formula_id, sorted(days))
    different = changed_days(before, found, days)
    # The value of a period is due whenever a day was added, the formula is new, or on order.
    due = {day for day, cause in days.items() if cause is not Cause.LATE_DATA}
    await progress.put(
        connection,
        formula.formula_id,
        found,
        changed=different | due,
        unchanged=days.keys() - different - due,
    )
    return len(different)
