# SPDX-License-Identifier: EUPL-1.2
"""A report as a city declares it, and what is different from the report before; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.scorecard import Known, Light
from kpi_aggregator.domain.spans import Interval, Span, newest_over

MOST_MISSED = 24
"""After a long absence, so many reports are made that were due meanwhile."""


@dataclass(frozen=True, slots=True)
class ReportDefinition:
    """Who is reported to, how often, about what; due so many days after the end of each period."""

    report_id: str
    title: Mapping[str, str]
    recipient: Mapping[str, str]
    occasion: str
    office: str
    every: Interval
    due_days: int
    public: bool
    mehrwerte: tuple[str, ...]
    version: int
    reference: str = ""

    def covers(self, indicator: Indicator) -> bool:
        """Tell whether an indicator is reported: public ones alone in a public report."""
        wanted = not self.mehrwerte or indicator.mehrwert in self.mehrwerte
        return wanted and (indicator.public or not self.public)

    def due(self, span: Span) -> date:
        """Return the day from which a stretch's report is to be there."""
        return span.end + timedelta(days=self.due_days)


def spans_due(definition: ReportDefinition, last: Span | None, today: date) -> list[Span]:
    """Return the stretches whose reports are due, oldest first; before any report, the newest one."""
    newest = newest_over(definition.every, today)
    while definition.due(newest) > today:
        newest = newest.before
    if last is None:
        return [newest]
    found: list[Span] = []
    span = newest
    while span.begin > last.begin and len(found) < MOST_MISSED:
        found.append(span)
        span = span.before
    return found[::-1]


class Step(StrEnum):
    """What happened to an indicator since the last report."""

    NEW = "new"
    GONE = "gone"
    LOST = "lost"
    """What was told does not hold any more, or only so far; what is told now is of another period."""
    MOVED = "moved"
    CORRECTED = "corrected"
    STEADY = "steady"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Then:
    """What the last report told of an indicator."""

    value: Known | None
    light: Light


@dataclass(frozen=True, slots=True)
class Difference:
    """What is told now against what was told then; `by` of values of the indicator's unit."""

    step: Step
    by: float | None = None
    light_before: Light | None = None


def difference(then: Then | None, value: Known | None, light: Light) -> Difference:
    """Return what is different; `then` is none where no report told of the indicator."""
    told = None if then is None else then.value
    if then is None or told is None:
        return Difference(Step.NONE if value is None else Step.NEW)
    before = then.light if then.light is not light else None
    if value is None:
        return Difference(Step.GONE, light_before=before)
    by = value.value - told.value
    same_period = (value.period, value.period_start) == (told.period, told.period_start)
    if same_period:
        return Difference(Step.CORRECTED if by else Step.STEADY, by or None, before)
    return Difference(Step.MOVED if by else Step.STEADY, by or None, before)
