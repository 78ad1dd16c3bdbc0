# SPDX-License-Identifier: EUPL-1.2
"""Learns a model from the city's history; runs as a process of its own, so that no sign waits."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import datetime, timedelta

from parking_occupancy.domain.forecast.calendar import days_of
from parking_occupancy.domain.forecast.model import Learning, NothingMovesError, fit
from parking_occupancy.domain.history import FINEST, floor
from parking_occupancy.forecasting.calendars import calendar_of
from parking_occupancy.forecasting.issuing import HORIZONS_MIN
from parking_occupancy.forecasting.model_file import to_bytes
from parking_occupancy.forecasting.past import read_panel
from parking_occupancy.forecasting.weather_file import measured_weather
from parking_occupancy.settings import ParkingSettings
from parking_occupancy.storage import forecasts
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import configure, get_logger

log = get_logger(__name__)
NICENESS = 10
NOTHING_TO_LEARN = 3
"""Exit code: the history is too short, or nothing moves in it."""


async def learn(settings: ParkingSettings, now: datetime, learning: Learning) -> bool:
    """Learn from the history and store the model; false where there is nothing to learn from."""
    url = settings.database_url.get_secret_value()
    until = floor(now, FINEST)
    since = until - timedelta(days=settings.forecast_history_days)
    async with Database.open(url, schema="parking", size=1) as database:
        lots = await database.persist(forecasts.lots)
        calendar = await database.persist(lambda c: calendar_of(c, since, until))
        panel = await read_panel(database, lots, since, until)
        started = time.monotonic()
        try:
            measured = measured_weather(settings.forecast_weather_file, calendar.timezone)
            further = panel.steps(max(HORIZONS_MIN))
            days = days_of(panel, calendar, further=further, measured=measured)
            content = to_bytes(fit(panel, days, HORIZONS_MIN, learning))
        except NothingMovesError as error:
            log.warning("nothing_learned", reason=str(error), lots=len(lots))
            return False
        name = f"boosted-{until:%Y%m%dT%H%MZ}"
        await database.persist(lambda c: forecasts.store_model(c, until, name, content))
    log.info("model_learned", model=name, lots=len(lots), seconds=round(time.monotonic() - started))
    return True


def main() -> int:
    """Learn once, giving way to everything else on the machine."""
    os.nice(NICENESS)
    settings = ParkingSettings()
    configure("parking-occupancy", settings.log_level, settings.log_format)
    learning = Learning(most_rows=settings.forecast_most_rows)
    learned = asyncio.run(learn(settings, utc_now(), learning))
    return 0 if learned else NOTHING_TO_LEARN


if __name__ == "__main__":
    sys.exit(main())
