# SPDX-License-Identifier: EUPL-1.2
"""Issues forecasts every five minutes, scores them and has a new model learned every night."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

from parking_occupancy import metrics
from parking_occupancy.domain.forecast.calendar import Calendar
from parking_occupancy.domain.forecast.features import WEEKS
from parking_occupancy.domain.forecast.model import Model, checks_of
from parking_occupancy.domain.forecast.panel import Panel
from parking_occupancy.domain.forecast.telling import ISSUED_EVERY, Skill
from parking_occupancy.domain.history import floor
from parking_occupancy.forecasting.calendars import calendar_of
from parking_occupancy.forecasting.issuing import issue
from parking_occupancy.forecasting.model_file import OtherFormError, from_bytes
from parking_occupancy.forecasting.nightly import REACH_HOLDS, day_to_score, score_day
from parking_occupancy.forecasting.past import advanced, read_panel
from parking_occupancy.forecasting.weather_file import measured_weather
from parking_occupancy.settings import ParkingSettings
from parking_occupancy.storage import forecast_scores, forecasts
from parking_occupancy.storage.forecasts import LotSize
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause

log = get_logger(__name__)
SEEN = timedelta(weeks=WEEKS, days=1)
COUNTED_AFTER = timedelta(seconds=15)
"""By then the historian has counted the bucket that just ended."""
LEAST_HISTORY = timedelta(days=14)
LEARN_AT = 3
"""The city's hour."""
LEAST_AGE, OVERDUE = timedelta(hours=20), timedelta(hours=36)
LEARN_AGAIN_AFTER = timedelta(hours=1)
LOOK_EVERY_S = 1.0
LEARNING = "parking_occupancy.forecasting.learning"


Checks = dict[str, Sequence[Skill]]
"""How good the model in use was on weeks that it had not learned from, by lot."""


class Forecaster:
    """One issue at a time; computing is left to a thread, learning to a process of its own."""

    def __init__(self, settings: ParkingSettings, database: Database, checks: Checks) -> None:
        self._settings = settings
        self._checks = checks
        self._database = database
        self._issued_at: datetime | None = None
        self._model_id: int | None = None
        self._model: tuple[str, Model] | None = None
        self._learned_at: datetime | None = None
        self._learn_from: datetime | None = None
        self._panel: Panel | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Forecast until `stop`."""
        async with asyncio.TaskGroup() as group:
            if self._settings.forecast_learning:
                group.create_task(self._learn_nightly(stop), name="learn")
            while not stop.is_set():
                at = floor(utc_now() - COUNTED_AFTER, ISSUED_EVERY)
                if at != self._issued_at and await self._take_newest_model():
                    await self._work(at)
                    self._issued_at = at
                await pause(stop, LOOK_EVERY_S)

    async def _work(self, at: datetime) -> None:
        lots = await self._database.persist(forecasts.lots)
        calendar = await self._database.persist(lambda c: calendar_of(c, at - SEEN, at))
        await self._score(calendar)
        if lots:
            await self._issue(at, lots, calendar)

    async def _take_newest_model(self) -> bool:
        """Take over a newer model; false where there is none that can be used."""
        newest = await self._database.persist(forecasts.newest_model)
        if newest is None or newest == self._model_id:
            return self._model is not None
        stored = await self._database.persist(lambda c: forecasts.model(c, newest))
        self._model_id = newest
        try:
            self._model = stored.name, await asyncio.to_thread(from_bytes, stored.content)
        except OtherFormError as error:
            log.warning("model_of_another_version", model=stored.name, error=str(error))
            return self._model is not None
        self._learned_at = stored.learned_at
        self._checks.clear()
        self._checks.update(checks_of(self._model[1]))
        metrics.FORECAST_LEARNED.set(stored.learned_at.timestamp())
        log.info("model_taken", model=stored.name)
        return True

    async def _issue(self, at: datetime, lots: list[LotSize], calendar: Calendar) -> None:
        self._panel = panel = await self._past(at, lots)
        since = (at - REACH_HOLDS).date()
        reach = await self._database.persist(lambda c: forecast_scores.reaches(c, since))
        if self._model is None:
            return
        file = self._settings.forecast_weather_file
        measured = await asyncio.to_thread(measured_weather, file, calendar.timezone)
        with metrics.FORECAST_SECONDS.time():
            rows = await asyncio.to_thread(issue, self._model, panel, calendar, reach, measured)
        await self._database.persist(lambda c: forecasts.store(c, rows))

    async def _past(self, at: datetime, lots: list[LotSize]) -> Panel:
        """Return the last weeks; only their end is read where the rest is known."""
        panel = self._panel
        same = panel is not None and lots == [
            LotSize(lot_id, int(capacity))
            for lot_id, capacity in zip(panel.lot_ids, panel.capacity, strict=True)
        ]
        if panel is None or not same or at.hour == 4 > panel.at(panel.ticks - 1).hour:
            return await read_panel(self._database, lots, at - SEEN, at)
        return await advanced(self._database, panel, at)

    async def _score(self, calendar: Calendar) -> None:
        day = day_to_score(utc_now(), calendar)
        last = await self._database.persist(forecast_scores.last_day)
        if last is None or last < day:
            await score_day(
                self._database,
                day,
                calendar,
                kept=timedelta(days=self._settings.forecast_days),
            )

    async def _learn_nightly(self, stop: asyncio.Event) -> None:
        """Learn when the model is a day old, or there is none and enough history."""
        while not stop.is_set():
            await pause(stop, LOOK_EVERY_S)
            now = utc_now()
            if not stop.is_set() and await self._must_learn(now):
                self._learn_from = now + LEARN_AGAIN_AFTER
                await self._learn(stop)

    async def _must_learn(self, now: datetime) -> bool:
        if self._learn_from is not None and now < self._learn_from:
            return False
        if self._learned_at is None:
            since = now - timedelta(days=self._settings.forecast_history_days)
            return await self._database.persist(
                lambda c: forecasts.has_history_before(c, now - LEAST_HISTORY, since)
            )
        age = now - self._learned_at
        if age < LEAST_AGE:
            return False
        calendar = await self._database.persist(lambda c: calendar_of(c, now, now))
        return age >= OVERDUE or now.astimezone(calendar.timezone).hour == LEARN_AT

    async def _learn(self, stop: asyncio.Event) -> None:
        """Have a process learn; it is killed when the service leaves, having changed nothing."""
        secret = self._settings.database_url.get_secret_value()
        own = {"STADTTAKT_PARKING_DATABASE_URL": secret, "OPENBLAS_NUM_THREADS": "1"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", LEARNING, env={**os.environ, **own}
        )
        try:
            async with asyncio.TaskGroup() as group:
                ended = group.create_task(process.wait(), name="learning")
                while not ended.done() and not stop.is_set():
                    await pause(stop, 0.2)
                if not ended.done():
                    process.kill()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        log.info("learning_ended", code=process.returncode)
