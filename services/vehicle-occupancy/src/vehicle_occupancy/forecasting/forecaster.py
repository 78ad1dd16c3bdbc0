# SPDX-License-Identifier: EUPL-1.2
"""Closes the service day that is over, learns and issues every night, and keeps up with the day."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from functools import partial
from math import nan
from typing import Any
from zoneinfo import ZoneInfo

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause
from vehicle_occupancy import metrics
from vehicle_occupancy.domain.forecast.past import Holds, PlannedTrip
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.vehicle import VehicleRules
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.forecasting import timetable_alert
from vehicle_occupancy.forecasting.gathering import gather
from vehicle_occupancy.forecasting.nightly import close_day, issue_days
from vehicle_occupancy.forecasting.planning import planned_trips
from vehicle_occupancy.forecasting.today import Today, say
from vehicle_occupancy.settings import Settings
from vehicle_occupancy.storage import (
    configuration,
    forecast_history,
    forecast_scores,
    forecast_settings,
    forecasts,
    peaks,
    peaks_comfort,
    running,
    timetable,
    timetable_versions,
)
from vehicle_occupancy.storage.forecast_settings import ForecastSettings

log = get_logger(__name__)
CLOSED_BACK = 7
"""Days that are closed later, if the service was away."""
GATHERED_BACK = 4
OVERLAP = timedelta(minutes=5)
"""A count may become visible later than it was computed."""
HOLDS_FOR = 3
"""Rounds for which a live forecast holds that is not renewed."""
AGAIN_AFTER = timedelta(minutes=10)
KEPT_LOADS, KEPT_SCORES, KEPT_COMFORT = (timedelta(days=n) for n in (400, 800, 3660))


class Forecaster:
    """One thing at a time; computing is left to a thread."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._today: Today | None = None
        self._issued_for: tuple[date, int | None, int] | None = None
        self._again_at: datetime | None = None
        self._planned: tuple[date, dict[str, PlannedTrip]] | None = None
        self._gathered_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Forecast until `stop`."""
        while not stop.is_set():
            await self.work(utc_now())
            await pause(stop, self._settings.forecast_every_s)

    async def work(self, now: datetime) -> None:
        """Do what is due: the night's work once for each service day and timetable, else the day's."""
        settings, version = await self._database.read(_read_settings)
        day = forecast_settings.local_day(settings, now)
        holding = await self._database.read(lambda c: timetable_versions.holding(c, day))
        await self._database.persist(lambda c: timetable_alert.watch(c, day, now))
        due = (day, holding["version_id"] if holding else None, version)
        waits = self._again_at is not None and now < self._again_at
        if due != self._issued_for or (self._today is None and not waits):
            await self._night(day, settings, now)
            self._issued_for = due
        elif self._today is not None:
            await self._live(self._today, settings, now)

    async def _night(self, day: date, settings: ForecastSettings, now: datetime) -> None:
        self._planned, self._gathered_at = None, None
        await self._close(day, settings, now)
        zone = ZoneInfo(settings.timezone)
        today = ServiceDay(day, zone)
        city = await self._database.persist(configuration.load)
        with metrics.FORECAST_SECONDS.time():
            night = await issue_days(
                self._database,
                today,
                settings,
                history_days=self._settings.forecast_history_days,
                levels=partial(level_borders, city.levels),
                now=now,
            )
        self._again_at = now + AGAIN_AFTER
        if night is None:
            self._today = None
            metrics.FORECAST_TRIPS.set(nan)
            return
        stored = await self._database.persist(lambda c: forecasts.of_day(c, day))
        trips = {each.kept.issued.trip.trip_id: each.kept for each in stored}
        self._today = Today(
            today,
            zone,
            night,
            {trip_id: kept.issued.trip for trip_id, kept in trips.items()},
            {trip_id: kept.live for trip_id, kept in trips.items() if kept.live is not None},
        )
        metrics.FORECAST_TRIPS.set(len(trips))
        if trips:
            metrics.FORECAST_ISSUED.set(now.timestamp())
        log.info("forecasts_issued", day=day.isoformat(), trips=len(trips))

    async def _close(self, day: date, settings: ForecastSettings, now: datetime) -> None:
        """Close days that are over, the oldest first; forget what is old.

        Days of which late counts were gathered are closed again: their verdicts go by all counts.
        """
        for ago in range(GATHERED_BACK, 0, -1):
            await self._gather(day - timedelta(days=ago))
        last = await self._database.persist(forecast_scores.last_day)
        first = day - timedelta(days=CLOSED_BACK)
        if last is not None:
            gathered = day - timedelta(days=GATHERED_BACK)
            first = max(first, min(gathered, last + timedelta(days=1)))
        known = await self._database.persist(lambda c: forecast_history.days(c, first, day))
        open_peaks = await self._database.persist(
            lambda c: peaks.unmeasured(c, day, day - timedelta(days=CLOSED_BACK))
        )
        for each in sorted({*known, *open_peaks}):
            await close_day(self._database, each, settings, now)
        await self._database.persist(partial(self._forget, day=day))

    async def _gather(self, day: date, *, since: datetime | None = None) -> None:
        """Take over what was counted at stops; late counts of a day change its history."""
        if self._planned is None or self._planned[0] != day:
            plan = await self._database.read(lambda c: timetable.load_day(c, day))
            trips = planned_trips(plan) if plan else []
            self._planned = day, {trip.trip_id: trip for trip in trips}
        planned = self._planned[1]
        await self._database.persist(lambda c: gather(c, day, planned, since=since))

    async def _forget(self, connection: Any, *, day: date) -> None:
        await forecasts.forget(connection, day - timedelta(days=self._settings.forecast_days))
        await forecast_history.forget(connection, day - KEPT_LOADS)
        await forecast_scores.forget(connection, day - KEPT_SCORES)
        await peaks.forget(connection, day - KEPT_SCORES)
        await peaks_comfort.forget(connection, day - KEPT_COMFORT)

    async def _live(self, today: Today, settings: ForecastSettings, now: datetime) -> None:
        day = today.service_day.day
        await self._gather(day, since=self._gathered_at)
        self._gathered_at = now - OVERLAP
        loads = await self._database.persist(
            lambda c: forecast_history.read(c, day, day + timedelta(days=1))
        )
        seen = await self._database.persist(lambda c: running.under_way(c, now))
        told = await asyncio.to_thread(today.move, loads, seen, now)
        until = now + timedelta(seconds=HOLDS_FOR * self._settings.forecast_every_s)
        await self._database.persist(
            partial(say, today=today, told=told, rules=settings.peaks, now=now, valid_until=until)
        )


def level_borders(levels: LevelRules, holds: Holds) -> tuple[int, int]:
    """Return from how many persons on levels of a vehicle begin, as they are told of it live."""
    return levels.boundaries(VehicleRules(seats=holds.seats, standing=holds.standing))


async def _read_settings(connection: Any) -> tuple[ForecastSettings, int]:
    return await forecast_settings.read(connection), await configuration.version(connection)
