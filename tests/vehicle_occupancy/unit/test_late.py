# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.late import CALM, LONGEST, Late

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
TRAM, BUS = VehicleId("tram"), VehicleId("bus")
AGO = NOON - timedelta(hours=6)


def test_a_vehicle_is_folded_once_from_the_earliest_of_what_came_together() -> None:
    late = Late()
    late.add({TRAM: AGO}, NOON)
    late.add({TRAM: AGO - timedelta(hours=1)}, NOON + timedelta(seconds=1))
    late.add({TRAM: AGO + timedelta(hours=1)}, NOON + timedelta(seconds=1.5))
    assert late.vehicles == {TRAM}
    assert late.take(NOON + timedelta(seconds=1.5) + CALM / 2) is None
    assert late.take(NOON + timedelta(seconds=1.5) + CALM) == (TRAM, AGO - timedelta(hours=1))
    assert late.take(NOON + timedelta(days=1)) is None
    assert not late.vehicles


def test_where_late_messages_go_on_coming_a_load_is_not_put_off_for_ever() -> None:
    late = Late()
    now = NOON
    while now < NOON + LONGEST:
        assert late.take(now) is None
        late.add({TRAM: AGO}, now)
        now += timedelta(seconds=1)
    assert late.take(now) == (TRAM, AGO)


def test_who_waits_longest_is_first() -> None:
    late = Late()
    late.add({TRAM: AGO}, NOON)
    late.add({BUS: AGO}, NOON + timedelta(seconds=1))
    assert [late.take(NOON + LONGEST * 2), late.take(NOON + LONGEST * 2)] == [
        (TRAM, AGO),
        (BUS, AGO),
    ]
