# SPDX-License-Identifier: EUPL-1.2
"""Says in time that the timetable ends, after which nothing is forecast; never commits."""

from __future__ import annotations

from datetime import date, datetime
from math import nan
from typing import Any

from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, settle
from vehicle_occupancy import metrics
from vehicle_occupancy.domain.timetable_end import SOON, end_of
from vehicle_occupancy.storage import timetable_versions

TIMETABLE_ENDS = "timetable-ends"


async def watch(connection: Any, day: date, now: datetime) -> None:
    """Keep the alert and the number of days in line with the timetable as of a service day."""
    end = end_of(await timetable_versions.spans(connection), day)
    left = None if end is None else (end - day).days
    metrics.TIMETABLE_DAYS_LEFT.set(nan if left is None else left)
    ends = end is not None and end - day < SOON
    holding = await timetable_versions.holding(connection, day)
    simulated = holding is not None and holding["simulated"]
    found = [condition(end, day, simulated=simulated)] if end is not None and ends else []
    await settle(connection, [TIMETABLE_ENDS], found, now)


def condition(end: date, day: date, *, simulated: bool) -> Condition:
    """Return what is told on a service day of a timetable that ends soon, or is over."""
    is_over = end < day
    if is_over:
        text = AlertText(
            de=f"Der Fahrplan galt bis {end:%d.%m.%Y}: ohne den nächsten gibt es keine Prognosen, Spitzen "
            "und erwarteten Stufen",
            en=f"The timetable ended on {end.isoformat()}: without the next one there are no forecasts, "
            "peaks and expected levels",
        )
    else:
        text = AlertText(
            de=f"Der Fahrplan gilt nur bis {end:%d.%m.%Y}: bitte den nächsten einspielen",
            en=f"The timetable ends on {end.isoformat()}: please import the next one",
        )
    return Condition(
        kind=TIMETABLE_ENDS,
        alert_id="timetable",
        severity=Severity.CRITICAL if is_over else Severity.WARNING,
        text=text,
        details={"until": end.isoformat(), "days_left": (end - day).days},
        simulated=simulated,
    )
