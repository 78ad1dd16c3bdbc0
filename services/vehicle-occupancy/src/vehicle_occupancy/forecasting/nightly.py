# SPDX-License-Identifier: EUPL-1.2
"""What is done once a service day is over: scores, outcomes, comfort, and the next forecasts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from vehicle_occupancy import metrics
from vehicle_occupancy.domain.forecast.calendar import Calendar
from vehicle_occupancy.domain.forecast.expecting import Expected
from vehicle_occupancy.domain.forecast.issue import (
    BordersOf,
    Issued,
    Learned,
    check,
    expectation,
    issue,
    learn,
)
from vehicle_occupancy.domain.forecast.model import TooLittleHistoryError
from vehicle_occupancy.domain.forecast.past import PlannedTrip, TripLoad, past_of
from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.domain.forecast.telling import Horizon, Source
from vehicle_occupancy.domain.forecast.told import score_told
from vehicle_occupancy.domain.peaks.comfort import Ridden, ridden
from vehicle_occupancy.domain.peaks.outcome import outcome_of
from vehicle_occupancy.domain.peaks.peak import Peak, find_peaks
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.domain.timetable import DayTimetable
from vehicle_occupancy.forecasting.calendars import calendar_of
from vehicle_occupancy.forecasting.planning import planned_trips
from vehicle_occupancy.storage import (
    forecast_history,
    forecast_scores,
    forecasts,
    peaks,
    peaks_comfort,
    timetable,
)
from vehicle_occupancy.storage.forecast_settings import ForecastSettings

log = get_logger(__name__)
DAYS_AHEAD = 2
USUAL_OVER = timedelta(days=28)


@dataclass(frozen=True)
class Night:
    """What the night learned: for live updates of the day."""

    day: date
    learned: Learned
    today: Expected


async def close_day(
    database: Database, day: date, settings: ForecastSettings, now: datetime
) -> None:
    """Score a day that is over, measure its peaks, and count what its lines carried."""
    loads = await database.read(lambda c: forecast_history.read(c, day, day + timedelta(days=1)))
    kept = [stored.kept for stored in await database.read(lambda c: forecasts.of_day(c, day))]
    planned = await database.read(lambda c: timetable.load_day(c, day))
    by_trip = {load.trip_id: load for load in loads}
    scores = await asyncio.to_thread(score_told, kept, by_trip)
    carried = comfort_of(planned_trips(planned) if planned else [], by_trip, settings.peaks)
    simulated = any(load.simulated for load in loads)

    async def keep(connection: Any) -> None:
        await forecast_scores.store(connection, day, scores, Source.SCORED)
        limit = settings.peaks.comfort
        await peaks_comfort.store(connection, day, carried, limit=limit, simulated=simulated)
        await _measure(connection, day, by_trip, settings, now)

    await database.persist(keep)
    _show(scores)
    log.info("day_closed", day=day.isoformat(), trips=len(loads), scores=len(scores))


def _show(scores: Mapping[tuple[str, int, Horizon], Score]) -> None:
    """Show how good a day's forecasts were, over all lines."""
    for horizon in Horizon:
        of = [score for (*_, each), score in scores.items() if each is horizon]
        for name in ("last_week", "historical_mean", "day_ahead"):
            known = [score for score in of if getattr(score, f"mae_{name}") is not None]
            missed = sum(getattr(score, f"mae_{name}") * score.forecasts for score in known)
            if missed:
                ours = sum(score.mae * score.forecasts for score in known)
                metrics.FORECAST_ERROR.labels(horizon, name).set(ours / missed)


def comfort_of(
    planned: Sequence[PlannedTrip], loads: Mapping[str, TripLoad], rules: PeakRules
) -> dict[tuple[str, int], Ridden]:
    """Return what lines carried; a planned trip that nobody counted counts as not counted."""
    found: defaultdict[tuple[str, int], Ridden] = defaultdict(Ridden)
    for load in loads.values():
        if load.holds is None:
            found[load.line, load.direction] += Ridden(sections=len(load.loads))
            continue
        sections = zip(load.loads, load.to_next_m, strict=True)
        limit = rules.comfort.limit(*load.holds)
        found[load.line, load.direction] += ridden(sections, limit, places=sum(load.holds))
    for trip in planned:
        if trip.trip_id not in loads:
            found[trip.line, trip.direction] += Ridden(sections=len(trip.stop_ids))
    return dict(found)


async def _measure(
    connection: Any,
    day: date,
    loads: Mapping[str, TripLoad],
    settings: ForecastSettings,
    now: datetime,
) -> None:
    """Store what became of a day's peaks, beside comparable days on which nobody acted."""
    calendar = calendar_of(settings, day - USUAL_OVER, day)
    alike = [
        each
        for each in (day - timedelta(days=n) for n in range(1, USUAL_OVER.days + 1))
        if calendar.day_type(each) == calendar.day_type(day)
    ]
    for stored in await peaks.of_day(connection, day):
        peak = stored.peak
        before = await forecast_history.of_line(connection, peak.line, peak.direction, alike)
        acted = await peaks.acted_on(connection, peak, alike)
        load = loads.get(peak.trip_id)
        usual = [
            _section(other, peak)
            for other in before
            if load is not None and other.run == load.run and other.day not in acted
        ]
        ran = load.holds if load is not None else None
        limit = settings.peaks.comfort.limit(*ran) if ran is not None else None
        outcome = outcome_of(peak, _section(load, peak) if load else [], usual, limit=limit)
        await peaks.measure(connection, peak.peak_id, outcome, now)


def _section(load: TripLoad, peak: Peak) -> Sequence[float | None]:
    return load.loads[peak.first : peak.last + 1]


async def issue_days(
    database: Database,
    today: ServiceDay,
    settings: ForecastSettings,
    *,
    history_days: int,
    levels: BordersOf,
    now: datetime,
) -> Night | None:
    """Learn from the days before today and issue today and the days after; None: too little known.

    What was issued of a trip that has begun stays as it was.
    """
    first = today.day - timedelta(days=history_days)
    loads = await database.read(lambda c: forecast_history.read(c, first, today.day))
    days = [today.next(n) for n in range(DAYS_AHEAD)]
    plans = await database.read(lambda c: _plans(c, days))
    planned = [planned_trips(plan) if plan else [] for plan in plans]
    calendar = calendar_of(settings, first, today.day + timedelta(days=31))
    first = min((load.day for load in loads), default=first)
    try:
        night = await asyncio.to_thread(_learn, loads, planned, first, today.day, calendar)
    except TooLittleHistoryError as error:
        log.info("too_little_history", reason=str(error))
        return None
    # Before peaks are told: of a line that nobody was told of yet only this says how good it is.
    await _check(database, night, levels)
    for service_day, trips in zip(days, planned, strict=True):
        found = await asyncio.to_thread(_issue, night, service_day.day, trips, levels)
        work = partial(_store, service_day=service_day, found=found, settings=settings, now=now)
        await database.persist(work)
    return night


async def _plans(connection: Any, days: Sequence[ServiceDay]) -> list[DayTimetable | None]:
    return [await timetable.load_day(connection, each.day) for each in days]


def _learn(
    loads: Sequence[TripLoad],
    planned: Sequence[Sequence[PlannedTrip]],
    first: date,
    today: date,
    calendar: Calendar,
) -> Night:
    trips = [trip for day in planned for trip in day]
    past = past_of(loads, trips, calendar, first=first, days=(today - first).days)
    learned = learn(past, calendar)
    return Night(today, learned, expectation(learned, today))


def _issue(
    night: Night, day: date, trips: Sequence[PlannedTrip], levels: BordersOf
) -> list[Issued]:
    today = night.today if day == night.day else expectation(night.learned, day)
    return list(issue(night.learned, today, day, trips, levels))


async def _store(
    connection: Any,
    *,
    service_day: ServiceDay,
    found: Sequence[Issued],
    settings: ForecastSettings,
    now: datetime,
) -> None:
    origin = service_day.origin
    await forecasts.renew(connection, service_day.day, now)
    await forecasts.store(connection, found, origin, now)
    gone = (await forecast_scores.withheld_on(connection, service_day.day)).day_ahead
    told = (each.trip for each in found if (each.trip.line, each.trip.direction) not in gone)
    expected = find_peaks(told, settings.peaks)
    await peaks.replace_day(connection, service_day.day, expected, origin=origin, now=now)


async def _check(database: Database, night: Night, levels: BordersOf) -> None:
    """Store how good blind forecasts were, for lines of which none was scored yet."""
    found = await asyncio.to_thread(check, night.learned, levels)
    scores = {(*group, Horizon.DAY_AHEAD): score for group, score in found.items()}
    last = night.day - timedelta(days=1)
    await database.persist(lambda c: forecast_scores.store(c, last, scores, Source.HELD_OUT))
