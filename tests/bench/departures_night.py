# SPDX-License-Identifier: EUPL-1.2
"""The nightly work of the forecaster on the real database: a day of 1,000 vehicles over 40 stops.

Each vehicle drives one trip a day over a line of its own stops; four weeks of them were counted. `VEHICLES=120`
asks for less. What is timed is all of it: reading, learning, forecasting, storing, peaks.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from math import exp
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from rich.table import Table

from bench.services import new_database
from stadttakt_runtime.database import Database
from support.gtfs import FILES, a_folder
from support.stack import Stack
from vehicle_occupancy.domain.forecast.past import Holds, TripLoad
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.forecasting.forecaster import Forecaster
from vehicle_occupancy.importing import ImportOptions, import_feed
from vehicle_occupancy.settings import Settings
from vehicle_occupancy.storage import forecast_history

VEHICLES = int(os.environ.get("VEHICLES", "1000"))
STOPS, DAYS, LINES = 40, 28, 20
NIGHT_S = 4 * 3600
WAY_M = 450.0
TRAM = Holds(70, 90)


def measure(stack: Stack, city: Path) -> Iterator[Table]:
    """Have a night's work done, and what it took."""
    url = new_database(stack, "bench", city)
    yield asyncio.run(_night(url))


async def _night(url: str) -> Table:
    title = f"{VEHICLES:,} trips of {STOPS} stops, {DAYS} days counted, real database beside it"
    table = Table("", "took", title=title)
    today = ServiceDay(datetime.now(tz=UTC).date(), ZoneInfo("UTC"))
    async with Database.open(url, schema="transit") as database:
        with tempfile.TemporaryDirectory() as folder:
            feed = a_folder(Path(folder) / "feed", _feed(today.day))
            await import_feed(database, feed, ImportOptions(), lambda _: lambda _: None)
        for ago in range(DAYS, 0, -1):
            loads = list(_loads(today.day - timedelta(days=ago)))
            await database.persist(partial(forecast_history.store, loads=loads))
        began, cpu = time.perf_counter(), time.process_time()
        await Forecaster(Settings(database_url=url), database).work(today.at(NIGHT_S))
        took, own = time.perf_counter() - began, time.process_time() - cpu
        async with database.connection() as connection:
            rows = await connection.fetch(
                "select day, sum(cardinality(stop_ids)) as departures from trip_forecast group by day"
            )
    departures = sum(row["departures"] for row in rows)
    if departures < VEHICLES * STOPS:
        raise RuntimeError(f"{departures} departures were forecast, of {VEHICLES * STOPS} a day")
    what = f"read, learned, forecast, stored: {departures:,} departures of {len(rows)} days"
    table.add_row(what, f"{took:.1f} s")
    table.add_row("of that this process's CPU", f"{own:.1f} s")
    return table


def _begin_s(vehicle: int) -> int:
    return 5 * 3600 + vehicle // LINES * 20 * 60


def _loads(day: date) -> Iterator[TripLoad]:
    dice = np.random.default_rng(day.toordinal())
    of_day = dice.normal(1, 0.05)
    for vehicle in range(VEHICLES):
        begin_s = _begin_s(vehicle)
        busy = 10 + 60 * exp(-(((begin_s / 60 - 460) / 70) ** 2))
        loads = dice.poisson(busy * of_day * exp(dice.normal(0, 0.2)), STOPS)
        line = vehicle % LINES
        yield TripLoad(
            day=day,
            trip_id=f"t{vehicle}",
            line=str(line),
            direction=0,
            stop_ids=tuple(f"s{line}-{n}" for n in range(STOPS)),
            departures_s=tuple(begin_s + 120 * n for n in range(STOPS)),
            to_next_m=(WAY_M,) * STOPS,
            last_stop_id=f"s{line}-{STOPS}",
            loads=tuple(float(load) for load in loads),
            vehicle_id=None,
            holds=TRAM,
        )


def _feed(today: date) -> dict[str, str]:
    stops = ["stop_id,stop_name,stop_lat,stop_lon"]
    routes = [FILES["routes.txt"].splitlines()[0]]
    for line in range(LINES):
        routes.append(f"r{line},A,{line},Line {line},0,C8102E")
        stops += [
            f"s{line}-{n},S {n},{51.3 + line / 100},{11.8 + n / 150}" for n in range(STOPS + 1)
        ]
    trips = ["route_id,service_id,trip_id,trip_headsign,direction_id"]
    calls = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"]
    for vehicle in range(VEHICLES):
        line = vehicle % LINES
        trips.append(f"r{line},all,t{vehicle},End,0")
        for n in range(STOPS + 1):
            minute, second = divmod(_begin_s(vehicle) + 120 * n, 60)
            at = f"{minute // 60:02}:{minute % 60:02}:{second:02}"
            calls.append(f"t{vehicle},{at},{at},s{line}-{n},{n + 1}")
    days = f"{today - timedelta(days=40):%Y%m%d},{today + timedelta(days=40):%Y%m%d}"
    return {
        "agency.txt": FILES["agency.txt"].replace("Europe/Berlin", "UTC"),
        "stops.txt": "\n".join(stops) + "\n",
        "routes.txt": "\n".join(routes) + "\n",
        "calendar.txt": FILES["calendar.txt"].splitlines()[0] + f"\nall,1,1,1,1,1,1,1,{days}\n",
        "trips.txt": "\n".join(trips) + "\n",
        "stop_times.txt": "\n".join(calls) + "\n",
    }
