# SPDX-License-Identifier: EUPL-1.2
"""Forecasts for 500 lots: learning from a made-up year, and issuing for all of them at once.

One core is used. `LOTS=50 DAYS=60` asks for less.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from rich.table import Table

from bench.cpu import most_memory_mb
from parking_occupancy.domain.forecast.calendar import Calendar, days_of
from parking_occupancy.domain.forecast.model import Learning, fit
from parking_occupancy.domain.forecast.panel import Panel
from parking_occupancy.forecasting.issuing import HORIZONS_MIN, issue
from parking_occupancy.forecasting.model_file import to_bytes

LOTS, DAYS = int(os.environ.get("LOTS", "500")), int(os.environ.get("DAYS", "365"))
STEP = timedelta(minutes=15)
LIVE_STEP, LIVE_DAYS, ISSUES = timedelta(minutes=5), 43, 5
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def measure() -> Table:
    """Learn, then issue, and return what it took."""
    table = Table("", "took", "most memory, MB", title=f"Forecasts for {LOTS} lots, one core")
    panel = made_up(LOTS, DAYS, STEP)
    began = time.perf_counter()
    days = days_of(panel, BERLIN, further=panel.steps(max(HORIZONS_MIN)))
    model = fit(panel, days, HORIZONS_MIN, Learning())
    learned_s = time.perf_counter() - began
    megabytes = f"a model of {len(to_bytes(model)) / 1e6:.2f} MB"
    table.add_row(
        f"{megabytes} learned from {DAYS} days of {STEP}",
        f"{learned_s:.1f} s",
        f"{most_memory_mb():.0f}",
    )
    live = made_up(LOTS, LIVE_DAYS, LIVE_STEP)
    took = []
    for _ in range(ISSUES):
        began = time.perf_counter()
        rows = issue(("bench", model), live, BERLIN, {})
        took.append((time.perf_counter() - began) * 1000)
    table.add_row(
        f"{len(rows) * len(HORIZONS_MIN):,} forecasts issued",
        f"{min(took):.0f} to {max(took):.0f} ms",
        f"{most_memory_mb():.0f}",
    )
    return table


def made_up(lots: int, days: int, step: timedelta) -> Panel:
    """Return lots with a wave a day, noise, and a fiftieth unknown."""
    dice = np.random.default_rng(7)
    per_day = timedelta(days=1) // step
    ticks = days * per_day
    hour = np.arange(ticks) % per_day * 24 / per_day
    capacity = dice.integers(20, 900, lots).astype(np.float32)
    free = np.empty((lots, ticks), np.float32)
    for lot in range(lots):
        strength = np.repeat(dice.normal(0.6, 0.15, days), per_day)
        noise = np.cumsum(dice.normal(0, 0.01, ticks)) % 0.1
        wave = np.exp(-(((hour - dice.normal(12, 2)) / 4) ** 2))
        free[lot] = np.round(capacity[lot] * (1 - np.clip(strength * wave + noise, 0, 1)))
    free[dice.random(free.shape) < 0.02] = np.nan
    ids = tuple(f"lot-{lot}" for lot in range(lots))
    return Panel(ids, datetime(2026, 1, 1, tzinfo=UTC), step, free, capacity)
