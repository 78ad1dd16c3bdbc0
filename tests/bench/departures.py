# SPDX-License-Identifier: EUPL-1.2
"""Forecasts of departures: a large city's service day learned and forecast on one core.

1,000 vehicles of 18 trips over 40 stops each; `VEHICLES=120` asks for less.
"""

from __future__ import annotations

import os
import time
from datetime import date

import numpy as np
from rich.table import Table

from bench.cpu import most_memory_mb
from vehicle_occupancy.domain.forecast.calendar import Calendar, days_of
from vehicle_occupancy.domain.forecast.expecting import expected
from vehicle_occupancy.domain.forecast.levels import borders
from vehicle_occupancy.domain.forecast.model import ahead, fit, live
from vehicle_occupancy.domain.forecast.series import Cells, Panel

VEHICLES = int(os.environ.get("VEHICLES", "1000"))
TRIPS, STOPS, DAYS, LINES = 18, 40, 60, 100
FIRST = date(2026, 9, 1)


def measure() -> Table:
    """Learn, forecast a day, renew it live, and return what it took."""
    panel = made_up(VEHICLES)
    days = days_of(FIRST, DAYS + 2, Calendar())
    levels = borders(np.full(len(panel.cells), 140, np.float32), 0.25, 0.45)
    title = f"{VEHICLES:,} vehicles, {TRIPS} trips of {STOPS} stops each, {DAYS} days, one core"
    table = Table("", "took", "most memory, MB", title=title)

    def row(what: str, began: float) -> None:
        table.add_row(what, f"{time.perf_counter() - began:.1f} s", f"{most_memory_mb():.0f}")

    began = time.perf_counter()
    first_trips = np.arange(len(panel.cells)) // STOPS % TRIPS == TRIPS // 2
    one = Panel(panel.cells.only(first_trips), FIRST, panel.value[first_trips])
    one_levels = borders(np.full(len(one.cells), 140, np.float32), 0.25, 0.45)
    ahead(fit(one, days), one, days, DAYS, one_levels)
    row(f"one trip of each: learned and forecast, {len(one.cells):,} departures", began)
    began = time.perf_counter()
    model = fit(panel, days)
    row("all trips: learned from 28 days forecast blind", began)
    learned = time.perf_counter()
    ahead(model, panel, days, DAYS, levels)
    row(f"all trips: {len(panel.cells):,} departures of a day forecast", learned)
    row("all trips: both", began)
    today = expected(panel, days, DAYS)
    seen = np.where(panel.cells.minute <= 720, panel.value[:, -1], np.nan).astype(np.float32)
    began = time.perf_counter()
    live(model, panel.cells, today, levels, value=seen, now_min=720)
    row("all trips: renewed at noon after what was seen", began)
    return table


def made_up(vehicles: int) -> Panel:
    """Return loads with a busy morning, days and trips that differ, and a fiftieth not counted."""
    dice = np.random.default_rng(7)
    count = vehicles * TRIPS * STOPS
    run = np.arange(count) // STOPS
    stop = np.arange(count) % STOPS
    line = run // TRIPS % LINES
    order = np.lexsort((stop, run, line))
    minute = 300 + (run % TRIPS) * 60 + run // TRIPS // LINES * 6 + stop * 2
    cells = Cells(line[order], (line * STOPS + stop)[order], run[order], minute[order])
    usual = 10 + 60 * np.exp(-(((cells.minute - 460) / 70) ** 2))
    value = np.empty((count, DAYS), np.float32)
    for day in range(DAYS):
        of_trip = np.exp(dice.normal(0, 0.2, vehicles * TRIPS))[cells.run]
        value[:, day] = dice.poisson(usual * of_trip * dice.normal(1, 0.05))
    value[dice.random(value.shape, np.float32) < 0.02] = np.nan
    return Panel(cells, FIRST, value)
