# SPDX-License-Identifier: EUPL-1.2
"""Scores what was issued against what came, once for each day of the city that is over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import numpy as np

from parking_occupancy import metrics
from parking_occupancy.domain.forecast.adapting import next_reach
from parking_occupancy.domain.forecast.calendar import Calendar
from parking_occupancy.domain.forecast.telling import SKILL_OVER
from parking_occupancy.storage import forecast_scores, forecasts
from parking_occupancy.storage.forecast_scores import DayScore
from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, plain_id, settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

Reaches = Mapping[tuple[str, int], float]
SETTLED_AFTER = timedelta(hours=3)
"""After midnight; by then late observations of the day have come."""
REACH_HOLDS = timedelta(days=30)
QUALITY, NIGHTS = "forecast-quality", 3
KEPT_SCORES = timedelta(days=800)


def day_to_score(now: datetime, calendar: Calendar) -> date:
    """Return the last day of the city that is over and settled."""
    return (now - SETTLED_AFTER).astimezone(calendar.timezone).date() - timedelta(days=1)


async def score_day(database: Database, day: date, calendar: Calendar, *, kept: timedelta) -> None:
    """Score all lots' forecasts for a day, each lot in a transaction of its own."""
    begin, end = (
        datetime.combine(each, time(), tzinfo=calendar.timezone)
        for each in (day, day + timedelta(days=1))
    )
    lots = await database.persist(forecasts.lots)
    reach = await database.persist(lambda c: forecast_scores.reaches(c, day - REACH_HOLDS))
    for lot in lots:
        work = partial(_score_lot, lot_id=lot.lot_id, begin=begin, end=end, reach=reach)
        await database.persist(work)
        await asyncio.sleep(0)
    await database.persist(partial(_close, day=day, forgotten=begin - kept))


async def _score_lot(
    connection: Any, *, lot_id: str, begin: datetime, end: datetime, reach: Reaches
) -> None:
    scores = await forecast_scores.count(connection, lot_id, begin, end)
    following = _following(lot_id, scores, reach)
    await forecast_scores.store(connection, lot_id, begin.date(), following)


async def _close(connection: Any, *, day: date, forgotten: datetime) -> None:
    """Forget what is old and show how the day was."""
    await settle(connection, [QUALITY], await _worse(connection, day), utc_now())
    await forecasts.forget(connection, forgotten)
    await forecast_scores.forget(connection, day - KEPT_SCORES)
    for minutes, relative, coverage in await forecast_scores.of_city(connection, day):
        metrics.FORECAST_COVERAGE.labels(minutes).set(coverage)
        if relative is not None:
            metrics.FORECAST_ERROR.labels(minutes).set(relative)


async def _worse(connection: Any, day: date) -> list[Condition]:
    """Return the lots of which nothing was told for some nights, since persistence was better."""
    nights = [day - timedelta(days=ago) for ago in range(NIGHTS)]
    return [
        Condition(
            kind=QUALITY,
            alert_id=plain_id(lot.lot_id),
            severity=Severity.INFO,
            text=AlertText(
                de=f"{lot.name}: seit {NIGHTS} Nächten keine Prognose, da sie schlechter war als"
                " die Annahme, dass alles bleibt, wie es ist",
                en=f"{lot.name}: no forecast for {NIGHTS} nights, since it was worse than assuming"
                " that nothing changes",
            ),
            details={"lot_id": lot.lot_id, "day": day.isoformat()},
            simulated=lot.simulated,
        )
        for lot in await forecast_scores.worse(connection, nights, SKILL_OVER)
    ]


def _following(lot_id: str, scores: list[DayScore], reach: Reaches) -> dict[DayScore, float]:
    before = np.array([reach.get((lot_id, score.horizon_min), 1.0) for score in scores], "f4")
    coverage = np.array([score.coverage for score in scores], np.float32)
    after = next_reach(before, coverage)
    return {score: float(value) for score, value in zip(scores, after, strict=True)}
