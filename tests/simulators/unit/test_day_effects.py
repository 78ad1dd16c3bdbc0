# SPDX-License-Identifier: EUPL-1.2
"""How days differ in the simulator is how they differ at Hardbrücke."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date, datetime, timedelta
from math import log
from pathlib import Path
from statistics import correlation, fmean, stdev

import pytest

from stadttakt_simulators.transit.config import read_school_holidays
from stadttakt_simulators.transit.day_effects import CITY_SD, LEFT_NEXT_DAY, LINE_SD, DayEffects

from .test_halle_folder import HALLE

MONDAY, ONE = date(2026, 9, 7), timedelta(days=1)
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


HARDBRUECKE = (
    Path(__file__).parents[4]
    / "shared/data/passenger_hardbruecke/dev/hardbruecke_2020-01_2020-02.csv.gz"
)
FROM, NO_SCHOOL = date(2020, 1, 6), date(2020, 2, 10)


def weekdays_at_hardbruecke() -> dict[date, tuple[float, dict[str, float]]]:
    """Log of how busy each weekday was, slots that are missing left out: all lines, and each beyond that."""
    counts: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    with gzip.open(HARDBRUECKE, "rt") as stream:
        for row in csv.DictReader(stream):
            at = datetime.fromisoformat(row["Timestamp"])
            if at.date() >= FROM and at.weekday() < 5:
                place = counts[row["Name"], f"{at:%H:%M}"]
                place[at.date()] = int(row["In"]) + int(row["Out"])
    came: dict[tuple[date, str], float] = defaultdict(float)
    due: dict[tuple[date, str], float] = defaultdict(float)
    for (name, _), of_days in counts.items():
        usual = fmean(of_days.values())
        for day, count in of_days.items():
            came[day, name] += count
            due[day, name] += usual
    names = {name for name, _ in counts}
    found = {}
    for day in sorted({day for day, _ in came}):
        city = log(sum(came[day, name] for name in names) / sum(due[day, name] for name in names))
        found[day] = (city, {name: log(came[day, name] / due[day, name]) - city for name in names})
    return found


@pytest.mark.skipif(not HARDBRUECKE.exists(), reason="../shared/data is not there")
def test_days_differ_by_as_much_as_they_did_at_hardbruecke() -> None:
    days = weekdays_at_hardbruecke()
    city = {day: share for day, (share, _) in days.items()}
    weekdays = {day: day.weekday() for day in city}
    seasons = {day: int(NO_SCHOOL <= day < date(2020, 2, 24)) for day in city}
    for kinds in (weekdays, seasons):
        means = {
            kind: fmean(share for day, share in city.items() if kinds[day] == kind)
            for kind in kinds.values()
        }
        city = {day: share - means[kinds[day]] for day, share in city.items()}
    assert stdev(city.values()) == pytest.approx(CITY_SD, rel=0.2)
    pairs = [(city[day], city[day + ONE]) for day in city if day + ONE in city]
    assert correlation(*zip(*pairs, strict=True)) == pytest.approx(LEFT_NEXT_DAY, abs=0.2)
    lines = zip(*([*of_lines.values()] for _, of_lines in days.values()), strict=True)
    spreads = [stdev(line) for line in lines]
    assert min(spreads) < LINE_SD < max(spreads)
