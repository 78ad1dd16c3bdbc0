# SPDX-License-Identifier: EUPL-1.2
"""The weather at the ticks of a panel, where somebody measures it; a forecast works without."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from parking_occupancy.domain.forecast.panel import Floats, Panel

HOLDS = timedelta(hours=3)
"""How long a measurement is taken for the present one."""


class Measured(NamedTuple):
    """Temperature in degrees Celsius and rain in mm per hour, NaN where it was not measured."""

    at: datetime
    temperature_c: float
    precipitation_mm_h: float


def weather_at(panel: Panel, measured: Sequence[Measured]) -> Floats:
    """Return `[quantity, tick]`: the newest of these measurements (in order) at each tick."""
    found = np.full((2, panel.ticks), np.nan, np.float32)
    if not measured:
        return found
    ends = np.array([(each.at - panel.start) / panel.step for each in measured])
    ticks = np.arange(panel.ticks)
    for row, values in enumerate(
        ([each.temperature_c for each in measured], [each.precipitation_mm_h for each in measured])
    ):
        known = ~np.isnan(np.array(values))
        times, told = ends[known], np.array(values, np.float32)[known]
        if not len(times):
            continue
        newest = np.searchsorted(times, ticks, side="right") - 1
        place = np.maximum(newest, 0)
        fresh = (newest >= 0) & (ticks - times[place] <= HOLDS / panel.step)
        found[row] = np.where(fresh, told[place], np.float32(np.nan))
    return found
