# SPDX-License-Identifier: EUPL-1.2
"""What a forecast must be better than: the same weekday last week, the mean of the type of day."""

from __future__ import annotations

import numpy as np

from vehicle_occupancy.domain.forecast.calendar import Days
from vehicle_occupancy.domain.forecast.series import Floats, Panel


def last_week(panel: Panel, target: int) -> Floats:
    """Return the values of the same weekday a week before; NaN where they are unknown."""
    if not 7 <= target < panel.days + 7:
        return np.full(len(panel.cells), np.nan, np.float32)
    value: Floats = panel.value[:, target - 7]
    return value


def historical_mean(panel: Panel, days: Days, target: int, *, until: int | None = None) -> Floats:
    """Return the mean of all earlier days of the same type; NaN where there is none."""
    until = min(target if until is None else until, panel.days)
    same = (days.kind[:until] == days.kind[target]).astype(np.float32)
    count = panel.known[:, :until] @ same
    total = panel.filled[:, :until] @ same
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
