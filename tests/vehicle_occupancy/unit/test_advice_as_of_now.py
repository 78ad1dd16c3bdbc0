# SPDX-License-Identifier: EUPL-1.2
"""Advice is of what can still be done: nothing that has left, has begun or is over."""

from __future__ import annotations

import pytest

from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.option import Option, OptionKind
from vehicle_occupancy.domain.peaks.peak import find_peaks
from vehicle_occupancy.domain.peaks.rules import PeakRules

from .peaky import LONG_TRAM, NIGHT, SEVEN, morning, trip

RULES = PeakRules()
# The full trip begins at seven and is too full from 7:03 on; the one before left there at 6:53.


def options(now_s: float, day: list[TripForecast] | None = None) -> list[Option]:
    made = day or morning()
    (peak,) = [each for each in find_peaks(made, RULES) if each.trip_id == "full"]
    return list(advise(peak, planned_day(made, now_s), RULES).options)


def kinds(now_s: float) -> set[tuple[str, str | None]]:
    return {(each.kind.value, each.trip_id) for each in options(now_s)}


EARLY, LATE = ("shift", "early"), ("shift", "late")
RETIME, LONGER, EXTRA = ("retime", "late"), ("lengthen", "long"), ("insert", None)


@pytest.mark.parametrize(
    ("now_s", "possible"),
    [
        (NIGHT, {EARLY, LATE, RETIME, LONGER, EXTRA}),
        (SEVEN - 421, {EARLY, LATE, RETIME, LONGER, EXTRA}),
        # the earlier departure leaves the section's first stop
        (SEVEN - 420, {LATE, RETIME, LONGER, EXTRA}),
        # an extra trip would have begun five minutes before
        (SEVEN - 300, {LATE, RETIME, LONGER}),
        # and the full one can leave no minute earlier
        (SEVEN - 60, {LATE, LONGER}),
        (SEVEN - 1, {LATE, LONGER}),
        (SEVEN, {LATE}),
        (SEVEN + 120, {LATE}),
    ],
)
def test_as_time_goes_by_less_can_be_done(now_s: float, possible: set[tuple[str, str]]) -> None:
    assert kinds(now_s) == possible


@pytest.mark.parametrize(
    ("now_s", "minutes"), [(SEVEN - 181, -3), (SEVEN - 180, -2), (SEVEN - 90, -1)]
)
def test_a_trip_leaves_earlier_by_no_more_than_there_is_time(now_s: float, minutes: float) -> None:
    (found,) = [each for each in options(now_s) if each.kind is OptionKind.RETIME]
    assert found.minutes == minutes


def lengthen(now_s: float, *long: TripForecast) -> Option:
    day = [*(each for each in morning() if each.trip_id != "long"), *long]
    found = [each for each in options(now_s, day) if each.kind is OptionKind.LENGTHEN]
    return found[0]


def longer(trip_id: str, begin_s: int, load: float) -> TripForecast:
    return trip(trip_id, begin_s, (load, load, load), places=LONG_TRAM, block="4", direction=1)


def test_of_a_longer_vehicle_only_what_it_still_drives_counts() -> None:
    busy = longer("before", SEVEN - 7200, 110), longer("after", SEVEN + 3600, 30)
    assert lengthen(NIGHT, *busy).trip_id is None, "it is needed where it is"
    spared = lengthen(SEVEN - 1800, *busy)
    assert spared.trip_id == "after"
    assert spared.effect.other_probability == 0


def test_a_longer_vehicle_is_named_by_the_first_trip_that_it_gives_up_all_the_time() -> None:
    made = [longer(f"long-{hour}", SEVEN + 3600 * hour, 30) for hour in (-2, -1, 1, 2)]
    times = (NIGHT, SEVEN - 5400, SEVEN - 1800)
    assert {lengthen(now_s, *made).trip_id for now_s in times} == {"long-1"}
    assert lengthen(NIGHT, *made[:2]).trip_id == "long--1", "none after it"


def test_what_both_still_drive_is_what_a_longer_vehicle_costs() -> None:
    # the full one's vehicle drives twice three kilometres, the longer one three times and once
    made = [longer(f"long-{hour}", SEVEN + 3600 * hour, 30) for hour in (-2, -1, 1)]
    each_km = 3 * RULES.costs.longer_vehicle_km_eur
    assert lengthen(NIGHT, *made).cost.eur == pytest.approx(each_km)
    assert lengthen(SEVEN - 5400, *made).cost.eur == pytest.approx(0)
    assert lengthen(SEVEN - 1800, *made).cost.eur == pytest.approx(each_km)


def test_a_vehicle_that_is_under_way_until_then_or_has_ended_its_day_is_not_offered() -> None:
    after = longer("after", SEVEN + 3600, 30)
    assert lengthen(SEVEN - 60, longer("now", SEVEN - 300, 30), after).trip_id is None
    assert lengthen(SEVEN - 60, longer("now", SEVEN - 600, 30), after).trip_id == "after"
    assert lengthen(SEVEN - 60, longer("last", SEVEN - 3600, 30)).trip_id is None
