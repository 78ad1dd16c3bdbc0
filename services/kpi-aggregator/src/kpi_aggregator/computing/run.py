# SPDX-License-Identifier: EUPL-1.2
"""One computation from marks to values and alerts; done nightly by the service, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kpi_aggregator.computing.alarms import settle_alerts
from kpi_aggregator.computing.counting import count, tasks
from kpi_aggregator.computing.plan import Span, prepare
from kpi_aggregator.computing.steps import Steps, steps_of
from kpi_aggregator.computing.valuing import value
from kpi_aggregator.storage import progress
from stadttakt_runtime.database import Database

Tell = Callable[[int, int], None]
"""Is told how many steps of how many are done."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a computation did, or would do."""

    formulas: int
    days: int
    changed: int
    values: int
    faults: dict[str, str]


def _no_one(_done: int, _all: int) -> None:
    return


async def compute(
    database: Database,
    now: datetime,
    *,
    again: Span | None = None,
    dry_run: bool = False,
    tell: Tell = _no_one,
) -> Report:
    """Compute what is new, late or, with `again`, ordered; a dry run keeps nothing of it."""
    async with steps_of(database, dry_run=dry_run) as steps:
        return await _compute(steps, now, again, tell)


async def _compute(steps: Steps, now: datetime, again: Span | None, tell: Tell) -> Report:
    plan = await steps.run(lambda connection: prepare(connection, now, again))
    ids = [each.formula.formula_id for each in plan.formulas]
    waiting = await steps.run(lambda connection: progress.waiting(connection, ids))
    work = tasks(plan, waiting)
    everything, changed, values = len(work) + len(plan.formulas), 0, 0
    for done, task in enumerate(work):
        tell(done, everything)
        changed += await steps.run(lambda c, t=task: count(c, t, plan.timezone))  # type: ignore[misc]
    for done, planned in enumerate(plan.formulas, len(work)):
        tell(done, everything)
        values += await steps.run(lambda c, p=planned: value(c, p, plan.last, now))  # type: ignore[misc]
    await steps.run(lambda connection: settle_alerts(connection, plan, now))
    tell(everything, everything)
    faults = {each.formula.formula_id: each.fault for each in plan.formulas if each.fault}
    return Report(len(plan.formulas), len(waiting), changed, values, faults)
