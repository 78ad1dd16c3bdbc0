# SPDX-License-Identifier: EUPL-1.2
"""Made-up lots with working days, week-ends and weather; a seed decides all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from parking_occupancy.domain.forecast.panel import Panel

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=15)


def town(weeks: int, *, lots: int = 3, seed: int = 5, step: timedelta = STEP) -> Panel:
    dice = np.random.default_rng(seed)
    per_day = timedelta(days=1) // step
    ticks = weeks * 7 * per_day
    hour = np.arange(ticks) % per_day * 24 / per_day
    day = np.arange(ticks) // per_day
    free = np.empty((lots, ticks), np.float32)
    capacity = np.array([60, 200, 500, 40, 900][:lots], np.float32)
    for lot in range(lots):
        strength = dice.normal(0.7, 0.12, weeks * 7)[day] * np.where(day % 7 >= 5, 0.5, 1)
        shift = dice.normal(0, 0.6, weeks * 7)[day]
        wave = np.exp(-(((hour - 12.5 - lot - shift) / 3.2) ** 2))
        taken = np.clip(strength * wave + 0.1 + dice.normal(0, 0.01, ticks), 0, 1)
        free[lot] = np.round(capacity[lot] * (1 - taken))
    return Panel(tuple(f"lot-{lot}" for lot in range(lots)), MONDAY, step, free, capacity)
