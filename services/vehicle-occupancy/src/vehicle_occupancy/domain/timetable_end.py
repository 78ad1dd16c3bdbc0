# SPDX-License-Identifier: EUPL-1.2
"""How long there is a timetable, and in which words somebody is told that it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

SOON = timedelta(days=7)
Span = tuple[date, date]
"""First and last day, both inclusive."""


def end_of(spans: Sequence[Span], today: date) -> date | None:
    """Return the last day up to which there is a timetable without a gap.

    Where none holds today it is the last day on which one did; None where none ever did.
    """
    end: date | None = None
    for first, last in sorted(spans):
        if first > today and (end is None or first > end + timedelta(days=1)):
            break
        end = last if end is None else max(end, last)
    return end


def told_of_end(
    spans: Sequence[Span], day: date, today: date, *, runs: bool
) -> tuple[str, str] | None:
    """Return in German and English what somebody must know who looks at a day; None: nothing.

    `runs`: whether any trip runs on the day.
    """
    if day < today:
        return None
    end = end_of(spans, day)
    if end is None:
        return (
            "Es gibt keinen Fahrplan, darum auch keine Prognose.",
            "There is no timetable, so nothing is forecast.",
        )
    if day > end:
        return (
            f"Für diesen Tag gibt es keinen Fahrplan, darum keine Prognose; er galt bis {end:%d.%m.%Y}.",
            f"There is no timetable for this day, so no forecast; it ended on {end.isoformat()}.",
        )
    if not runs:
        return (
            "An diesem Tag fährt laut Fahrplan nichts, darum keine Prognose.",
            "According to the timetable nothing runs on this day, so nothing is forecast.",
        )
    if end - today < SOON:
        return (
            f"Der Fahrplan gilt nur bis {end:%d.%m.%Y}: danach gibt es keine Prognose.",
            f"The timetable ends on {end.isoformat()}: nothing is forecast after that.",
        )
    return None
