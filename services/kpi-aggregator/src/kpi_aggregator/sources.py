# SPDX-License-Identifier: EUPL-1.2
"""Whether a view can serve a formula: its columns are there, and of kinds that can be summed."""

from __future__ import annotations

from kpi_aggregator.domain.expression import Expression, columns
from kpi_aggregator.domain.formula import Among, Formula, Heartbeat
from kpi_aggregator.storage.sources import View

NUMBERS = {"double precision", "real", "integer", "bigint", "smallint", "numeric"}
TIMES = {"date", "timestamp with time zone"}


def fault_of(view: View, formula: Formula) -> str | None:
    """Return what keeps a view from serving a formula; none where it can."""
    missing = sorted(formula.columns - view.columns.keys())
    if missing:
        return f"there is no column {missing[0]}"
    if view.columns[formula.time] not in TIMES:
        return f"{formula.time} is neither a day nor a time with its zone"
    if formula.hours is not None and view.is_date(formula.time):
        return f"{formula.time} is a day, which has no hours"
    return _no_number(view, formula.measure, formula.per, formula.known, formula.expected)


def _no_number(view: View, *expressions: Expression | None) -> str | None:
    for each in expressions:
        for name in sorted(columns(each)) if each is not None else ():
            if view.columns[name] not in NUMBERS:
                return f"{name} is no number"
    return None


def fault_of_heartbeat(view: View, heartbeat: Heartbeat) -> str | None:
    """Return what keeps a view from telling how much was counted; none where it can."""
    missing = sorted(heartbeat.columns - view.columns.keys())
    if missing:
        return f"there is no column {missing[0]}"
    if view.columns[heartbeat.time] not in TIMES:
        return f"{heartbeat.time} is neither a day nor a time with its zone"
    return _no_number(view, heartbeat.known, heartbeat.expected)


def fault_of_members(view: View, among: Among) -> str | None:
    """Return what keeps a view from telling of all members; none where it can."""
    missing = sorted(among.columns - view.columns.keys())
    if missing:
        return f"there is no column {missing[0]}"
    if among.since is not None and view.columns[among.since] not in TIMES:
        return f"{among.since} is neither a day nor a time with its zone"
    return None
