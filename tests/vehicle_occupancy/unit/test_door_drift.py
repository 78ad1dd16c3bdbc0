# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.drift import Drift, by_hour
from vehicle_occupancy.domain.load.reading import EmptyCause
from vehicle_occupancy.domain.load.track import Correction

AT = datetime(2026, 11, 24, 6, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("corrections", "persons", "excessive"),
    [(0, 0, False), (4, 400, False), (5, 50, False), (5, 50.1, True), (100, 900, False)],
)
def test_a_vehicle_is_judged_by_its_mean_once_it_was_empty_often_enough(
    corrections: int, persons: float, *, excessive: bool
) -> None:
    assert Drift(corrections, persons).is_excessive is excessive


def test_corrections_up_and_down_add_up_by_vehicle_and_hour() -> None:
    def correction(minutes: int, amount: float) -> Correction:
        at = AT + timedelta(minutes=minutes)
        return Correction(at, "event", EmptyCause.TERMINAL, amount, 0, 0.9)

    one, other = VehicleId("tram-1"), VehicleId("tram-2")
    found = by_hour(
        [
            (one, correction(0, -12.0)), (one, correction(9, 4.0)), (one, correction(10, 3.0)),
            (other, correction(0, -1.0)),
        ]
    )  # fmt: skip
    six, seven = AT.replace(minute=0), AT.replace(hour=7, minute=0)
    assert dict(found) == {
        (six, one): Drift(2, 16.0), (seven, one): Drift(1, 3.0), (six, other): Drift(1, 1.0),
    }  # fmt: skip
