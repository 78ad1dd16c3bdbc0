# SPDX-License-Identifier: EUPL-1.2
"""What kind of day it is at a tick, in the city's time; whose holidays is configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from parking_occupancy.domain.forecast.panel import Flags, Floats, Ints, Panel
from parking_occupancy.domain.forecast.weather import Measured, weather_at

SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Calendar:
    """A city's time zone, public holidays, and days that are special for another reason."""

    timezone: ZoneInfo
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, int] = field(default_factory=dict)
    """1 school holidays, 2 an event or shops open on a Sunday; the higher one wins."""


@dataclass(frozen=True, slots=True)
class Days:
    """Per tick: local weekday (0 Monday), local minute, kind of day, distance from UTC in ticks.

    `weather[quantity, tick]` is NaN where nobody measured it.
    """

    weekday: Ints
    minute: Ints
    holiday: Flags
    eve: Flags
    special: Ints
    offset: Ints
    weather: Floats

    def same_time(self, ticks: Ints, days_before: Ints, per_day: int) -> Ints:
        """Return the ticks at the same local time so many days before, over changes of the clock."""
        before = ticks - days_before * per_day
        known = np.clip(before, 0, len(self.offset) - 1)
        same: Ints = (
            before + self.offset[np.minimum(ticks, len(self.offset) - 1)] - self.offset[known]
        )
        return same


def days_of(
    panel: Panel, calendar: Calendar, *, further: int = 0, measured: Sequence[Measured] = ()
) -> Days:
    """Return the days of all ticks of a panel and of some further ones."""
    count = panel.ticks + further
    kinds: dict[date, tuple[int, bool, bool, int]] = {}
    rows = np.empty((count, 6), np.int64)
    step_s = panel.step.total_seconds()
    for tick in range(count):
        local = panel.at(tick).astimezone(calendar.timezone)
        today = local.date()
        kind = kinds.get(today)
        if kind is None:
            kind = kinds[today] = _kind(today, calendar)
        offset = (local.utcoffset() or timedelta()).total_seconds() // step_s
        rows[tick] = (kind[0], local.hour * 60 + local.minute, *kind[1:], offset)
    weekday, minute, holiday, eve, special, offset_ticks = rows.T.copy()
    weather = weather_at(panel, measured)
    return Days(weekday, minute, holiday == 1, eve == 1, special, offset_ticks, weather)


def _kind(day: date, calendar: Calendar) -> tuple[int, bool, bool, int]:
    tomorrow = day + timedelta(days=1)
    return (
        day.weekday(),
        day in calendar.holidays,
        tomorrow in calendar.holidays,
        calendar.special.get(day, 0),
    )
