# SPDX-License-Identifier: EUPL-1.2
"""Advice names only departures that go where the peak is, and of which it is known that they have room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vehicle_occupancy.api.peak_views import Present
from vehicle_occupancy.domain.forecast.issue import Issued
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.telling import Reason, Withheld
from vehicle_occupancy.domain.forecast.told import Kept
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.option import Option, OptionKind
from vehicle_occupancy.domain.peaks.peak import find_peaks
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.storage.forecasts import Stored

from .peaky import DAY, LONG_TRAM, NIGHT, SEVEN, STOPS, morning, trip

RULES = PeakRules()
FULL = trip("full", SEVEN, (50, 95, 95), block="2")
"""Too full from b over c to d."""
NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)


def as_of_now(gone: Withheld) -> Present:
    return Present(NOW, gone, {DAY: NOW + timedelta(minutes=3)})


def whole(trip_id: str, begin_s: int) -> TripForecast:
    return trip(trip_id, begin_s, (20, 30, 20))


def turned_back(trip_id: str, begin_s: int) -> TripForecast:
    """Ends at c."""
    made = whole(trip_id, begin_s)
    return replace(
        made, stop_ids=made.stop_ids[:2], departures_s=made.departures_s[:2],
        to_next_m=made.to_next_m[:2], quantiles=made.quantiles[:2], last_stop_id="c",
    )  # fmt: skip


def branched(trip_id: str, begin_s: int) -> TripForecast:
    """Leaves the others' way after b."""
    return replace(whole(trip_id, begin_s), stop_ids=("a", "b", "x"), last_stop_id="y")


def unknown(made: TripForecast, stop: int) -> TripForecast:
    quantiles = made.quantiles.copy()
    quantiles[stop] = np.nan
    return made.with_quantiles(quantiles)


def options(day: list[TripForecast], *kinds: OptionKind) -> list[Option]:
    (peak,) = [each for each in find_peaks(day, RULES) if each.trip_id == "full"]
    found = advise(peak, planned_day(day, NIGHT), RULES).options
    return [each for each in found if each.kind in (kinds or tuple(OptionKind))]


@pytest.mark.parametrize("other", [turned_back, branched])
@pytest.mark.parametrize("full", [FULL, trip("full", SEVEN, (50, 95, 60), block="2")])
def test_who_does_not_go_all_the_way_takes_nobody(other: object, full: TripForecast) -> None:
    assert callable(other)
    reaches_c = other is turned_back and find_peaks([full], RULES)[0].to_stop == "c"
    day = [other("early", SEVEN - 600), full, other("late", SEVEN + 600)]
    told = {each.trip_id for each in options(day, OptionKind.SHIFT, OptionKind.RETIME)}
    assert told == ({"early", "late"} if reaches_c else set())
    assert bool(options(day, OptionKind.INSERT)) is reaches_c


def test_beyond_those_that_turn_back_the_next_that_go_all_the_way_are_found() -> None:
    day = [
        whole("first", SEVEN - 600), turned_back("early", SEVEN - 300), FULL,
        turned_back("late", SEVEN + 300), whole("last", SEVEN + 600),
    ]  # fmt: skip
    told = [each.trip_id for each in options(day, OptionKind.SHIFT)]
    assert sorted(map(str, told)) == ["first", "last"]
    (retime,) = options(day, OptionKind.RETIME)
    assert (retime.trip_id, retime.minutes) == ("last", -3)


def test_a_trip_that_comes_by_again_is_no_neighbour_of_its_own() -> None:
    round_trip = replace(
        FULL, stop_ids=(*STOPS[:3], *STOPS[:3]), departures_s=tuple(range(SEVEN, SEVEN + 1080, 180)),
        to_next_m=(1000.0,) * 6, quantiles=np.concatenate([FULL.quantiles, FULL.quantiles * 0.1]),
    )  # fmt: skip
    assert options([round_trip], OptionKind.SHIFT, OptionKind.INSERT) == []


def test_a_departure_of_which_nothing_is_known_takes_nobody() -> None:
    day = [whole("early", SEVEN - 600), FULL, unknown(whole("late", SEVEN + 600), 2)]
    told = options(day, OptionKind.SHIFT, OptionKind.RETIME)
    assert [each.trip_id for each in told] == ["early"]


@pytest.mark.parametrize("stop", [0, 1, 2])
def test_a_vehicle_of_which_not_all_is_known_is_not_given_up(stop: int) -> None:
    spare = [
        trip("long", SEVEN - 600, (20, 30, 20), places=LONG_TRAM, block="4", direction=1),
        trip("there", SEVEN + 600, (5, 5, 5), places=LONG_TRAM, block="4"),
    ]
    (known,) = options([FULL, *spare], OptionKind.LENGTHEN)
    assert known.trip_id == "there", "the first that it gives up"
    (wanted,) = options([FULL, spare[0], unknown(spare[1], stop)], OptionKind.LENGTHEN)
    assert wanted.trip_id is None, "a longer one is wanted, whose is not known"


def test_no_advice_is_given_of_a_section_that_is_not_known() -> None:
    day = planned_day(morning(), NIGHT)
    (peak,) = find_peaks(morning(), RULES)
    made = [unknown(each, peak.worst) if each.trip_id == "full" else each for each in morning()]
    gone = planned_day(made, NIGHT)
    assert advise(peak, day, RULES).options
    assert advise(peak, gone, RULES).options == ()


def stored(made: TripForecast, live: Floats | None = None) -> Stored:
    nothing = np.full(len(made.stop_ids), np.nan, np.float32)
    at = datetime(2026, 11, 24, tzinfo=UTC)
    return Stored(Kept(Issued(made, nothing, nothing), live), (), at, None)


@pytest.mark.parametrize("live", [False, True])
def test_a_forecast_that_is_withheld_gives_no_vehicle_up(*, live: bool) -> None:
    way = ("5", 1)
    gone = Withheld(
        {way: Reason.WORSE_THAN_LAST_WEEK}, {way: Reason.WORSE_THAN_LAST_WEEK} if live else {}
    )
    made = [
        as_of_now(gone).expected(stored(each, each.quantiles + 1 if live else None))
        for each in morning()
    ]
    day = planned_day(made, NIGHT)
    (peak,) = find_peaks(morning(), RULES)
    (wanted,) = [each for each in advise(peak, day, RULES).options if each.kind == "lengthen"]
    assert wanted.trip_id is None


def test_where_only_live_forecasts_are_withheld_those_of_the_day_before_are_used() -> None:
    (made, *_), live = morning(), {("5", 0): Reason.WORSE_THAN_DAY_AHEAD}
    now = stored(made, made.quantiles + 1)
    assert as_of_now(Withheld({}, live)).expected(now).quantiles is made.quantiles
    assert as_of_now(Withheld()).expected(now).load[0] == made.load[0] + 1
    # nor is what nobody renewed
    assert Present(NOW, Withheld(), {}).expected(now).quantiles is made.quantiles
