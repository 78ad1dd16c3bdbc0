# SPDX-License-Identifier: EUPL-1.2
"""Doors that say they are broken are left out; axles alone tell a load as well."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from stadttakt_simulators.transit.delivery import Delivered
from stadttakt_simulators.transit.reports import DoorReport
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay
from stadttakt_simulators.transit.vehicles import TRAM, Errors
from support.driven_day import TIMETABLE, ZONE, Day, judge, town

TUESDAY = date(2026, 3, 3)
ERRORS = Errors(dead_doors=0, broken_doors=1.0)


class Believed(TransitDay):
    """The same day, but whoever reads it is not told that doors are broken."""

    def of_vehicle(self, number: int) -> list[Delivered]:
        return [
            replace(each, event=replace(each.event, quality="regular"))
            if isinstance(each.event, DoorReport)
            else each
            for each in super().of_vehicle(number)
        ]


@pytest.fixture(scope="module")
def days() -> tuple[Day, Day, Day]:
    service = Service(5, ERRORS, most_vehicles=4)
    broken = town(service)
    believed = Believed(load_timetable(TIMETABLE, TUESDAY, ZONE), service)
    whole = town(replace(service, errors=replace(ERRORS, broken_doors=0)))
    return judge(broken), judge(believed), judge(whole)


def test_a_door_that_says_it_is_broken_moves_no_load(days: tuple[Day, Day, Day]) -> None:
    broken, believed, whole = days
    assert (
        Counter(each.vehicle_id for each in broken.judged).keys()
        == Counter(each.vehicle_id for each in whole.judged).keys()
    )
    assert len(broken.told) / len(broken.judged) > 0.98
    assert broken.error() < 0.05
    assert broken.error() < 0.5 * believed.error()
    assert whole.error() <= broken.error()


def test_axles_alone_tell_the_load() -> None:
    scaled = [(f"tram-{number}", replace(TRAM, tare_kg=40_000.0)) for number in range(4)]
    driven = town(Service(5, Errors(), counted_share=0, most_vehicles=20), fleet=scaled)
    numbers = [n for n, (vehicle, _) in enumerate(driven.rides) if vehicle.axles is not None]
    judged = judge(driven, only=numbers)
    assert len(judged.told) / len(judged.judged) > 0.9
    assert judged.error() < 0.05
    assert 0.7 <= judged.coverage() <= 0.95
