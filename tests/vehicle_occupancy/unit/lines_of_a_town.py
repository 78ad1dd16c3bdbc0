# SPDX-License-Identifier: EUPL-1.2
"""Loads of a made-up line: trips through the day, busy in the morning, days that differ."""

from __future__ import annotations

from datetime import date

import numpy as np

from vehicle_occupancy.domain.forecast.series import Cells, Panel

FIRST = date(2026, 9, 7)  # a Monday
STOPS = 6


def cells(trips: int = 40, groups: int = 2) -> Cells:
    count = trips * groups * STOPS
    run = np.arange(count) // STOPS
    group = run // trips
    stop = np.arange(count) % STOPS
    minute = 5 * 60 + (run % trips) * 25 + stop * 3
    return Cells(group, group * STOPS + stop, run, minute)


def panel(days: int = 42, *, seed: int = 1) -> Panel:
    """Return loads whose day and trip factors hold for all stops of a trip."""
    dice = np.random.default_rng(seed)
    line = cells()
    usual = 20 + 40 * np.exp(-(((line.minute - 460) / 60) ** 2)) + 5 * (line.position % STOPS)
    weekday = (np.arange(days) + FIRST.weekday()) % 7
    of_day = np.where(weekday < 5, 1.0, 0.5) * dice.normal(1, 0.05, days)
    of_trip = np.exp(dice.normal(0, 0.25, (int(line.run.max()) + 1, days)))
    mean = usual[:, None] * of_day[None, :] * of_trip[line.run]
    return Panel(line, FIRST, dice.poisson(mean).astype(np.float32))
