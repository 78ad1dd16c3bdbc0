"""How days differ in the simulator is how they differ at Hardbrücke."""

from __future__ import annotations

from datetime import date, timedelta
from math import log
from statistics import correlation, fmean, stdev

import pytest

from stadttakt_simulators.transit.config import read_school_holidays
from stadttakt_simulators.transit.day_effects import CITY_SD, LEFT_NEXT_DAY, DayEffects

from .test_halle_folder import HALLE

MONDAY = date(2026, 9, 7)
NOON, MORNING = 12 * 3600, 7 * 3600


def days(count: int, *, step: int = 1) -> list[date]:
    return [MONDAY + timedelta(days=step * n) for n in range(count)]


def test_the_same_seed_and_day_have_the_same_effects_and_others_have_others() -> None:
    one = DayEffects(1, MONDAY).at("T1", NOON)
    assert one == DayEffects(1, MONDAY).at("T1", NOON)
    assert one != DayEffects(2, MONDAY).at("T1", NOON)
    assert one != DayEffects(1, MONDAY + timedelta(days=7)).at("T1", NOON)


def test_what_all_lines_share_lasts_to_the_next_day() -> None:
    shared = [
        fmean(log(DayEffects(3, day).at(f"T{n}", NOON)) for n in range(40))
        for day in days(250, step=7)
    ]
    assert stdev(shared) == pytest.approx((CITY_SD**2 + 0.03**2) ** 0.5, rel=0.25)
    city = [DayEffects(3, day)._city for day in days(600)]
    assert stdev(city) == pytest.approx(CITY_SD, rel=0.15)
    assert correlation(city[1:], city[:-1]) == pytest.approx(LEFT_NEXT_DAY, abs=0.12)


def test_school_holidays_empty_the_morning_most_and_no_sunday() -> None:
    def holiday(day: date, seconds: int) -> float:
        return DayEffects(1, day, school_holiday=True).at("T1", seconds) / DayEffects(1, day).at(
            "T1", seconds
        )

    assert holiday(MONDAY, MORNING) == pytest.approx(0.835, abs=0.01)
    assert holiday(MONDAY, NOON) == pytest.approx(0.92, abs=0.02)
    assert holiday(MONDAY + timedelta(days=6), MORNING) == 1


def test_school_holidays_are_those_of_the_citys_calendar() -> None:
    found = read_school_holidays(HALLE)
    assert (date(2026, 10, 19), date(2026, 10, 30)) in found
    assert read_school_holidays(HALLE / "parking") == []
