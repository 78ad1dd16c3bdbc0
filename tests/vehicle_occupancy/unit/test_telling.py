# SPDX-License-Identifier: EUPL-1.2
"""Which kind of forecast is told, and why another is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from vehicle_occupancy.domain.forecast.issue import Issued
from vehicle_occupancy.domain.forecast.past import TripLoad
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.telling import (
    LEAST_SCORED,
    Horizon,
    Reason,
    Skill,
    Source,
    Withheld,
    city_of,
    withheld,
)
from vehicle_occupancy.domain.forecast.told import Kept, score_told
from vehicle_occupancy.domain.forecast.trip import Places, TripForecast

WAY = ("7", 0)
GOOD = Skill("7", 0, Horizon.DAY_AHEAD, Source.SCORED, 500, 7, 12, 8, 0.8, 9, 0.9, 0.8, 0.8, 0.2)
WORSE_THAN_MEAN = replace(GOOD, mae=8.1)
WORSE_THAN_WEEK = replace(GOOD, mae=7.5, mae_last_week=7.4)
LIVE = replace(GOOD, horizon=Horizon.LIVE, mae_day_ahead=7.2)
WORSE_THAN_DAY_AHEAD = replace(LIVE, mae=7.3)
OTHER = replace(GOOD, line="8", mae=7.9)
FEW = {"forecasts": LEAST_SCORED - 1}


@pytest.mark.parametrize(
    ("skills", "as_of_now", "day_before"),
    [
        ([], Horizon.LIVE, None),
        ([GOOD, LIVE], Horizon.LIVE, None),
        ([GOOD, WORSE_THAN_DAY_AHEAD], Horizon.DAY_AHEAD, Reason.WORSE_THAN_DAY_AHEAD),
        ([GOOD, replace(LIVE, mae=8.1)], Horizon.DAY_AHEAD, Reason.WORSE_THAN_HISTORICAL_MEAN),
        ([GOOD, replace(WORSE_THAN_DAY_AHEAD, **FEW)], Horizon.LIVE, None),
        ([WORSE_THAN_MEAN, LIVE], Horizon.LIVE, None),
        ([WORSE_THAN_MEAN, replace(LIVE, **FEW)], None, Reason.WORSE_THAN_HISTORICAL_MEAN),
        ([WORSE_THAN_WEEK], None, Reason.WORSE_THAN_LAST_WEEK),
        ([replace(WORSE_THAN_MEAN, **FEW)], Horizon.LIVE, None),
        ([replace(WORSE_THAN_MEAN, **FEW), OTHER], None, Reason.WORSE_THAN_HISTORICAL_MEAN),
    ],
)
def test_each_kind_is_withheld_on_its_own(
    skills: list[Skill], as_of_now: Horizon | None, day_before: Reason | None
) -> None:
    gone = withheld(skills)
    assert gone.told(WAY, live=True) is as_of_now
    assert gone.live.get(WAY) is day_before
    bad = skills and skills[0].reason(city_of(skills))
    expected = None if bad else Horizon.DAY_AHEAD
    assert gone.told(WAY, live=False) is expected
    assert gone.told(("8", 0), live=True) is Horizon.LIVE


@pytest.mark.parametrize(
    ("forecasts", "ratio", "others", "gone"),
    [
        # 50 of its own and 150 of the city's
        (50, 1.59, 0.8, False), (50, 1.61, 0.8, True),
        (150, 1.06, 0.8, False), (150, 1.07, 0.8, True),
        (1, 20, 0.9, False), (1, 25, 0.9, True),
        (50, 0.6, 1.1, False), (50, 0.9, 1.1, True),
        # its own decide
        (200, 1.01, 0.5, True), (200, 0.99, 2.0, False),
    ],
)  # fmt: skip
def test_what_a_small_line_lacks_of_scores_is_taken_from_the_city(
    forecasts: int, ratio: float, others: float, *, gone: bool
) -> None:
    # so many that the small line hardly counts among them
    city = replace(GOOD, line="8", forecasts=10**6, mae=6 * others, mae_historical_mean=6)
    small = replace(GOOD, forecasts=forecasts, mae=3 * ratio, mae_historical_mean=3)
    skills = [small, city]
    expected = {WAY: Reason.WORSE_THAN_HISTORICAL_MEAN} if gone else {}
    assert {way: why for way, why in withheld(skills).day_ahead.items() if way == WAY} == expected
    assert withheld([small], like=skills).day_ahead == expected


def test_live_forecasts_of_a_small_line_are_judged_by_the_citys_live_ones() -> None:
    small = replace(WORSE_THAN_DAY_AHEAD, **FEW)
    other = replace(LIVE, line="8", forecasts=10**6)
    assert withheld([GOOD, small, other]).live == {WAY: Reason.WORSE_THAN_DAY_AHEAD}
    assert withheld([GOOD, small, replace(OTHER, forecasts=10**6)]).live == {}


def test_where_the_city_has_too_few_scores_nothing_is_judged() -> None:
    few = replace(WORSE_THAN_MEAN, forecasts=LEAST_SCORED // 2)
    assert withheld([few]) == Withheld()
    found = withheld([few, replace(few, line="8")]).day_ahead
    assert set(found) == {WAY, ("8", 0)}


def a_trip(loads: list[float]) -> TripForecast:
    spread = np.linspace(-5, 5, 11, dtype=np.float32)
    return TripForecast(
        day=date(2026, 11, 26),
        trip_id="t",
        line="7",
        direction=0,
        stop_ids=("a", "b"),
        departures_s=(0, 60),
        to_next_m=(500.0, 500.0),
        quantiles=np.array(loads, np.float32)[:, None] + spread,
        places=Places(60, 90, 40, 80),
        last_stop_id="c",
    )


def counted(loads: list[float]) -> TripLoad:
    return TripLoad(
        date(2026, 11, 26), "t", "7", 0, ("a", "b"), (0, 60), (500.0, 500.0), "c", tuple(loads)
    )


def test_live_forecasts_are_scored_over_what_they_moved_beside_what_the_day_before_had_said() -> (
    None
):
    trip = a_trip([20, 30])
    live: Floats = trip.quantiles.copy()
    live[1] += 8
    baseline = np.array([25, 25], np.float32)
    kept = Kept(Issued(trip, baseline, baseline), live)
    scores = score_told([kept], {"t": counted([21, 40])})
    day_ahead, now = scores["7", 0, Horizon.DAY_AHEAD], scores["7", 0, Horizon.LIVE]
    assert (day_ahead.forecasts, day_ahead.mae, day_ahead.mae_day_ahead) == (2, 5.5, None)
    assert (now.forecasts, now.mae, now.mae_day_ahead) == (1, 2, 10)
    assert now.mae_last_week == 15
    assert (7, 0, Horizon.LIVE) not in score_told(
        [Kept(kept.issued, None)], {"t": counted([21, 40])}
    )
