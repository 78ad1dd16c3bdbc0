# SPDX-License-Identifier: EUPL-1.2
"""How much of the usual demand there is on a day: for all, for a line, at an hour; drawn by seed. Pure.

Sizes are those of the quarters of an hour at Hardbrücke in Zürich on 40 weekdays of January and
February 2020 (Open Data Zürich): weekdays and school holidays differ by what stands in the tables;
what is left of the day is shared by all counting lines (standard deviation 3.3 %, and 0.6 of it is
left on the day after), by the hour (3 %) and by the line (1 to 12 %).
"""

from __future__ import annotations

import math
import random
from datetime import date, timedelta

_BEGIN_S, _BLOCK_S = 6 * 3600, 90 * 60
# Percent by which blocks of an hour and a half from six o'clock on differ, Monday to Friday.
_WEEKDAYS = (
    (5, 5, -3, -10, -12, -7, -5, 3, -4, -6),
    (10, 8, 3, 0, -3, -3, 0, 7, 6, 1),
    (6, 6, 5, 2, 9, 4, 0, 5, 6, 2),
    (5, 6, 6, 7, 6, 2, 3, 5, 6, 4),
    (-7, -10, -1, 8, 6, 10, 13, -4, -4, 6),
)
_SCHOOL_HOLIDAY = (-18, -14, -10, -8, -8, -7, -10, -13, -9, -7)

CITY_SD, LINE_SD, BLOCK_SD = 0.033, 0.04, 0.03
LEFT_NEXT_DAY = 0.6
_MEMORY_DAYS = 15


class DayEffects:
    """One day's factors; the same seed and day give the same ones."""

    def __init__(self, seed: int, day: date, *, school_holiday: bool = False) -> None:
        self._seed, self._day = seed, day
        self._weekday = day.weekday()
        self._school_holiday = school_holiday and self._weekday < len(_WEEKDAYS)
        self._city = self._of_city()
        self._blocks = [self._draw("block", block) * BLOCK_SD for block in range(_blocks())]
        self._lines: dict[str, float] = {}

    def at(self, line: str, seconds: int) -> float:
        """This function returns the part of the usual demand of a line at a time of day."""
        block = min(max((seconds - _BEGIN_S) // _BLOCK_S, 0), _blocks() - 1)
        if line not in self._lines:
            self._lines[line] = self._draw("line", line) * LINE_SD
        percent = _WEEKDAYS[self._weekday][block] if self._weekday < len(_WEEKDAYS) else 0
        percent += _SCHOOL_HOLIDAY[block] if self._school_holiday else 0
        return math.exp(self._city + self._lines[line] + self._blocks[block] + percent / 100)

    def _of_city(self) -> float:
        """This function returns what all lines share: an autoregression over the days before."""
        news = math.sqrt(1 - LEFT_NEXT_DAY**2) * CITY_SD
        return news * sum(
            LEFT_NEXT_DAY**ago
            * random.Random(f"{self._seed}/city/{self._day - timedelta(days=ago)}").gauss(0, 1)
            for ago in range(_MEMORY_DAYS)
        )

    def _draw(self, what: str, name: object) -> float:
        return random.Random(f"{self._seed}/{self._day}/{what}/{name}").gauss(0, 1)


def _blocks() -> int:
    return len(_SCHOOL_HOLIDAY)
