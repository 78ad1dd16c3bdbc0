# SPDX-License-Identifier: EUPL-1.2
"""How near the filter comes to the truth of simulated days, beside plain summation."""

import pytest

from stadttakt_simulators.transit.town import Service
from stadttakt_simulators.transit.vehicles import Errors
from support.driven_day import EVENING_H, Day, judge, town

ERRORS = Errors(miss_in=0.03, miss_out=0.06, dead_doors=0.05, loss=0.02)
VEHICLES = 20


@pytest.fixture(scope="module", params=[11, 2027])
def day(request: pytest.FixtureRequest) -> tuple[Day, set[tuple[str, str]]]:
    driven = town(Service(request.param, ERRORS, most_vehicles=VEHICLES))
    really_dead = {
        (vehicle.vehicle_id, door.name)
        for vehicle, _ in driven.rides
        for door in vehicle.doors
        if door.dead_from_s is not None
    }
    return judge(driven), really_dead


def test_filter_stays_within_5_percent_of_capacity_where_plain_sums_pass_15_by_the_evening(
    day: tuple[Day, set[tuple[str, str]]],
) -> None:
    judged, _ = day
    assert len({each.vehicle_id for each in judged.judged}) == VEHICLES
    assert judged.error() < 0.05
    assert judged.plain_error(EVENING_H) > 0.15


def test_nearly_all_departures_have_a_load(day: tuple[Day, set[tuple[str, str]]]) -> None:
    judged, _ = day
    assert len(judged.told) / len(judged.judged) > 0.98


def test_four_of_five_truths_are_within_the_interval(
    day: tuple[Day, set[tuple[str, str]]],
) -> None:
    judged, _ = day
    assert 0.75 <= judged.coverage() <= 0.85


def test_confidence_is_how_often_the_level_is_right(
    day: tuple[Day, set[tuple[str, str]]],
) -> None:
    judged, _ = day
    assert judged.level_accuracy() > 0.93
    assert judged.confidence() == pytest.approx(judged.level_accuracy(), abs=0.03)


def test_dead_doors_are_found_and_no_living_one_is_called_dead(
    day: tuple[Day, set[tuple[str, str]]],
) -> None:
    judged, really_dead = day
    assert len(really_dead) == 1
    assert judged.dead == really_dead
