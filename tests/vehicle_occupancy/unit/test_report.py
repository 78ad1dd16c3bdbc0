# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.estimate import LoadEstimate
from vehicle_occupancy.domain.load.level import Level, OccupancyStatus
from vehicle_occupancy.domain.publication import Departure, Published
from vehicle_occupancy.domain.report import HOLD, Report, assess, public, replaces
from vehicle_occupancy.domain.vehicle import Vehicle

from .riding import rules

NOW = datetime(2026, 3, 3, 7, 30, 20, tzinfo=UTC)
TOLD = Published(Departure("w", "t", "20260303", "b", NOW - timedelta(minutes=14)), Level.LOW)


def seen(heard_at: datetime, now: datetime) -> Report:
    """What everybody sees at a time of a vehicle whose doors spoke at another one."""
    vehicle = Vehicle(VehicleId("w"), "mgt6d", "tram", rules())
    ends = heard_at + vehicle.rules.stale_after
    known = now < ends
    found = LoadEstimate(
        40 if known else None,
        *(30, 50, 26.7, Level.LOW, OccupancyStatus.MANY_SEATS_AVAILABLE, 0.9),
        measured_at=heard_at,
        valid_until=ends if known else None,
    )
    return public(assess(vehicle, found, None, None, now), TOLD)


@given(st.integers(0, 59), st.integers(0, 900))
def test_the_end_of_a_public_answer_does_not_tell_when_somebody_was_counted(
    second: int, later_s: int
) -> None:
    minute = NOW.replace(second=0)
    stale = rules().stale_after
    now = minute + stale - timedelta(seconds=900 - later_s)
    one, other = (seen(minute + timedelta(seconds=each), now) for each in (0, second))
    assert (one.level, one.valid_until, one.measured_at) == (
        other.level,
        other.valid_until,
        other.measured_at,
    )


def test_no_public_answer_outlives_what_is_known() -> None:
    heard = NOW - timedelta(seconds=17)
    end = heard + rules().stale_after
    for ago_s in range(0, 300, 7):
        answer = seen(heard, end - timedelta(seconds=ago_s))
        assert answer.level is None or answer.valid_until <= end
    assert seen(heard, end - timedelta(seconds=61)).level is Level.LOW


def test_a_message_does_not_renew_what_everybody_sees() -> None:
    heard = NOW - timedelta(seconds=5)
    shown = seen(heard, NOW)
    later = NOW + HOLD * 0.9
    again = seen(later, later)
    assert replaces(again, shown), "by the clock"
    assert not replaces(again, shown, may_renew=False)
