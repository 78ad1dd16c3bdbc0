# SPDX-License-Identifier: EUPL-1.2
"""What kind of day a day is, and which days of the past tell something of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from vehicle_occupancy.domain.forecast.series import Floats, Ints

SATURDAY, SUNDAY = 5, 6


class DayType(StrEnum):
    """How a day runs."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"


TYPES = tuple(DayType)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A city's public holidays, and days without school or with an event."""

    holidays: frozenset[date] = frozenset()
    school_holidays: frozenset[date] = frozenset()
    events: frozenset[date] = frozenset()

    def day_type(self, day: date) -> DayType:
        """Return how a day runs; a public holiday is one on any weekday."""
        if day in self.holidays:
            return DayType.HOLIDAY
        if day.weekday() == SUNDAY:
            return DayType.SUNDAY
        return DayType.SATURDAY if day.weekday() == SATURDAY else DayType.WEEKDAY


@dataclass(frozen=True, slots=True)
class Days:
    """Consecutive days: type (an index of TYPES), weekday, and whether school is out."""

    kind: Ints
    weekday: Ints
    special: Ints
    """1 school holidays, 2 an event"""


ALIKE = np.array(
    [
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.25],
        [0.0, 0.0, 0.5, 1.0],
    ],
    np.float32,
)
"""How much a day of one type (column) tells of another (row), in the order of TYPES."""
OTHER_SEASON = 0.5
"""How much a school day tells of a day without school, and the other way round."""
MEMORY_DAYS = 45.0


def days_of(first: date, count: int, calendar: Calendar) -> Days:
    """Return consecutive days of a calendar."""
    dates = [first + timedelta(days=n) for n in range(count)]
    return Days(
        kind=np.array([TYPES.index(calendar.day_type(each)) for each in dates], np.int64),
        weekday=np.array([each.weekday() for each in dates], np.int64),
        special=np.array(
            [2 * (each in calendar.events) or 1 * (each in calendar.school_holidays)
             for each in dates], np.int64,
        ),
    )  # fmt: skip


def comparable(days: Days, target: int, until: int) -> Floats:
    """Return how much each day before `until` tells of a day, 0 to 1."""
    age = target - np.arange(until)
    alike = ALIKE[days.kind[target], days.kind[:until]]
    season = np.where(days.special[:until] == days.special[target], 1.0, OTHER_SEASON)
    weight: Floats = (alike * season * np.exp(-age / MEMORY_DAYS)).astype(np.float32)
    return weight
