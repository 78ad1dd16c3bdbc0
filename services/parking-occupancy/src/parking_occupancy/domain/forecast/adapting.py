# SPDX-License-Identifier: EUPL-1.2
"""Keeps intervals honest when a city changes: a day's coverage moves the next day's width.

Gibbs and Candès, "Adaptive conformal inference under distribution shift", NeurIPS 2021, with a step
per day instead of per forecast.
"""

from __future__ import annotations

import numpy as np

from parking_occupancy.domain.forecast.model import HIGH, LOW, Forecasts
from parking_occupancy.domain.forecast.panel import Floats

SHARE = HIGH - LOW
STEP = 0.6
NARROWEST, WIDEST = 0.4, 2.5


def next_reach(reach: Floats, coverage: Floats) -> Floats:
    """Return by what intervals are stretched after a day with this coverage; NaN: no news."""
    news = np.where(np.isnan(coverage), SHARE, coverage)
    following: Floats = np.clip(reach * np.exp(STEP * (SHARE - news)), NARROWEST, WIDEST).astype(
        np.float32
    )
    return following


def stretched(forecasts: Forecasts, reach: Floats, capacity: Floats) -> Forecasts:
    """Return forecasts with their intervals stretched, within 0 and the capacity."""
    free = forecasts.free
    return Forecasts(
        free,
        np.clip(free - (free - forecasts.low) * reach, 0, capacity),
        np.clip(free + (forecasts.high - free) * reach, 0, capacity),
    )
