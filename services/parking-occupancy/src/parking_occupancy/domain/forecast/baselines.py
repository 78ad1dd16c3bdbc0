# SPDX-License-Identifier: EUPL-1.2
"""What a forecast must be better than: the present persists, the mean of the same weekday."""

from __future__ import annotations

import numpy as np

from parking_occupancy.domain.forecast.calendar import Days
from parking_occupancy.domain.forecast.panel import Floats, Ints, Panel, earlier

WEEKS = 4


def persistence(panel: Panel, lots: Ints, ticks: Ints) -> Floats:
    """Return what is free at the time of issue."""
    return earlier(panel.free, lots, ticks)


def seasonal_mean(panel: Panel, days: Days, lots: Ints, target: Ints) -> Floats:
    """Return the mean of the free places at this local time in the four weeks before the target."""
    per_day = panel.steps(24 * 60)
    weeks = np.stack(
        [
            earlier(
                panel.free, lots, days.same_time(target, np.int64(7 * week) + 0 * target, per_day)
            )
            for week in range(1, WEEKS + 1)
        ]
    )
    known = ~np.isnan(weeks)
    count = known.sum(axis=0)
    total = np.where(known, weeks, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
