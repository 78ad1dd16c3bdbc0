# SPDX-License-Identifier: EUPL-1.2
"""Where a vehicle is told to be: of now, not too often, and nothing of its load with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.board import Board, Change
from vehicle_occupancy.domain.city import City
from vehicle_occupancy.domain.load.level import Level, OccupancyStatus
from vehicle_occupancy.domain.load.vehicle import VehicleRules
from vehicle_occupancy.domain.reading import Position
from vehicle_occupancy.domain.report import (
    HOLD,
    NO_TRIP,
    PLACE_EVERY,
    PLACE_HOLDS,
    Report,
    at_place,
    moved,
    no_data,
    replaces,
)
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.entity import Entity
from vehicle_occupancy.wire import vehicle_state

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TRAM = Vehicle(VehicleId("tram-1"), "tram", "tram", VehicleRules(seats=60, standing=90))


def position(seconds_ago: float = 0, lat: float = 51.48, *, simulated: bool = False) -> Position:
    return Position(
        event_id=f"p{seconds_ago}",
        vehicle_id=TRAM.vehicle_id,
        observed_at=NOW - timedelta(seconds=seconds_ago),
        simulated=simulated,
        lat=lat,
        lon=11.97,
        bearing_deg=90.0,
    )


def unknown() -> Report:
    return no_data(TRAM, NO_TRIP, None, simulated=False, now=NOW)


def counted() -> Report:
    full = replace(unknown(), load=50, level=Level.MEDIUM)
    return replace(full, status=OccupancyStatus.FEW_SEATS_AVAILABLE)


def test_a_place_of_now_is_told_with_its_time() -> None:
    state = vehicle_state(at_place(counted(), position(20)))
    assert (state.lat, state.lon, state.bearing_deg) == (51.48, 11.97, 90.0)
    assert state.position_at == NOW - timedelta(seconds=20)


def test_where_a_vehicle_was_long_ago_is_not_told() -> None:
    assert at_place(counted(), position(PLACE_HOLDS.total_seconds())).place is None
    assert vehicle_state(at_place(counted(), None)).lat is None


def test_a_simulated_place_is_not_told_of_a_real_vehicle() -> None:
    assert at_place(counted(), position(simulated=True)).place is None
    nothing = at_place(unknown(), position(simulated=True))
    assert nothing.place is not None
    assert nothing.simulated


def test_a_vehicle_that_moves_is_shown_anew_every_quarter_of_a_minute() -> None:
    shown = at_place(counted(), position(60))
    soon = at_place(counted(), position(60 - PLACE_EVERY.total_seconds() + 1, 51.49))
    later = at_place(counted(), position(60 - PLACE_EVERY.total_seconds(), 51.49))
    stands = at_place(counted(), position(0))
    assert moved(soon, shown) is None
    assert moved(stands, shown) is None
    assert moved(later, shown) == replace(shown, place=later.place)


def test_moving_changes_nothing_that_is_told_of_the_load() -> None:
    shown = at_place(replace(counted(), measured_at=NOW - timedelta(minutes=3)), position(60))
    fresh = at_place(
        replace(
            counted(),
            load=77,
            measured_at=NOW,
            valid_until=NOW + timedelta(seconds=7),
            computed_at=NOW + timedelta(seconds=5),
        ),
        position(0, 51.49),
    )
    told = moved(fresh, shown)
    assert told is not None
    assert replace(told, place=shown.place, computed_at=shown.computed_at) == shown


def test_a_place_that_is_too_old_goes_with_the_next_renewal_and_with_no_message() -> None:
    shown = at_place(counted(), position(60))
    ends = NOW + PLACE_HOLDS + timedelta(minutes=2)
    later = replace(counted(), computed_at=NOW + PLACE_HOLDS, valid_until=ends)
    fresh = at_place(later, position(60))
    assert fresh.place is None
    assert moved(fresh, shown) is None
    assert not replaces(fresh, shown, may_renew=False)
    assert replaces(fresh, shown)


def test_moving_alone_is_no_news_of_the_load() -> None:
    shown = at_place(counted(), position(60))
    assert not replaces(at_place(counted(), position(0, 51.49)), shown)


def test_what_everybody_sees_of_a_vehicle_that_moves_is_renewed_before_half_of_it_is_over() -> None:
    board, looked = Board(), timedelta(seconds=0.5)
    board.replace_city(City.of([TRAM]))
    everybody = Entity("vehicle", TRAM.vehicle_id)
    left = []
    for seconds in range(300):
        now = NOW + timedelta(seconds=seconds)
        change = Change()
        if seconds % PLACE_EVERY.seconds == 0:
            change.positions[TRAM.vehicle_id] = position(-seconds, 51.48 + seconds / 1e5)
        board.decide(change, [TRAM.vehicle_id], now)
        board.adopt(change, board.stamp(change))
        by_the_clock = Change()
        board.decide(by_the_clock, [TRAM.vehicle_id], now + looked, due=board.due(now + looked))
        board.adopt(by_the_clock, board.stamp(by_the_clock))
        shown = board.report(everybody)
        assert shown is not None
        left.append(shown.valid_until - now)
    assert board.mark(everybody).version >= 300 // PLACE_EVERY.seconds, "it moves"
    assert min(left) > HOLD / 2
