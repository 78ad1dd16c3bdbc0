"""Whether a view can serve a formula: its columns are there, and of kinds that can be summed."""

from __future__ import annotations

from kpi_aggregator.domain.expression import columns
from kpi_aggregator.domain.formula import Formula
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
    for each in (formula.measure, formula.per, formula.known, formula.expected):
        if each is None:
            continue
        for name in sorted(columns(each)):
            if view.columns[name] not in NUMBERS:
                return f"{name} is no number"
    return None
