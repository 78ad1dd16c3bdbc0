# SPDX-License-Identifier: EUPL-1.2
"""Who judges where buses are told to be sees another place, an old one, none, and another occupancy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from crash.campaign import reckoning
from crash.campaign.places import (
    HOLDS,
    MOVES,
    Place,
    Vehicle,
    differing_places,
    differing_vehicles,
    gtfs_vehicles,
    place_of,
    siri_vehicles,
)
from crash.campaign.traffic import Told
from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.truth import Published, Truth, truth_at
from open_data_publisher.feeds.gtfs_rt import vehicle_positions
from open_data_publisher.feeds.siri_vm import vehicle_monitoring
from support.open_data import NOON, PUBLICATION, SINCE, vehicle


def _told(at_s: float, lat: float, lon: float) -> Told:
    at, name = NOON + timedelta(seconds=at_s), f"position-{at_s}"
    return Told(b"", b"", name, name, at, "position", "bus-1", (lat, lon))


def _truth() -> reckoning.Truth:
    truth = reckoning.Truth()
    truth.add([_told(0, 51.41, 11.91), _told(-20, 51.42, 11.92), _told(-10, 51.43, 11.93)])
    return truth


NEWEST, LATELY = Place(51.41, 11.91, NOON), Place(51.43, 11.93, NOON - timedelta(seconds=10))
OLD = Place(51.42, 11.92, NOON - timedelta(seconds=20))
WRONG = {
    "another": NEWEST._replace(lat=51.4101),
    "of another time": NEWEST._replace(at=NOON - timedelta(seconds=2)),
    "older than a bus that moves is told of": OLD,
    "none": None,
}


@pytest.mark.parametrize("place", [NEWEST, LATELY])
def test_newest_place_or_one_that_is_little_older_is_no_offence(place: Place) -> None:
    assert list(differing_places("http", _truth(), {"bus-1": place}, NOON)) == []


@pytest.mark.parametrize("case", WRONG)
def test_each_place_that_differs_is_one_offence(case: str) -> None:
    (offence,) = differing_places("http", _truth(), {"bus-1": WRONG[case]}, NOON)
    assert f"instead of {NEWEST}" in offence


def test_place_that_is_too_old_to_be_told_is_not_asked_for() -> None:
    assert list(differing_places("http", _truth(), {}, NOON + HOLDS)) == []
    assert NEWEST.at - OLD.at >= MOVES


def test_place_is_read_from_states_as_it_was_said() -> None:
    state = vehicle(vehicle_id="bus-1", lat=51.41, lon=11.91, position_at=NOON)
    assert place_of(state.model_dump(mode="json")) == NEWEST
    assert place_of({"lat": None, "lon": None, "position_at": None}) is None


@pytest.mark.parametrize(
    ("render", "read"),
    [(vehicle_positions, gtfs_vehicles), (vehicle_monitoring, siri_vehicles)],
    ids=["gtfs-rt", "siri-vm"],
)
@pytest.mark.parametrize("status", ["MANY_SEATS_AVAILABLE", "NO_DATA_AVAILABLE"])
def test_vehicles_are_read_from_feeds_and_what_differs_is_one_offence(
    render: Callable[[Truth, Publication], bytes],
    read: Callable[[bytes], dict[str, Vehicle]],
    status: str,
) -> None:
    trip = {"start_date": "20261128", "trip_id": "trip-3"}
    state = vehicle(
        vehicle_id="bus-1",
        lat=51.41,
        lon=11.91,
        position_at=NOON,
        occupancy_status=status,
        **trip,
    )
    found = read(render(truth_at(NOON, [], [], [Published(state, SINCE)], []), PUBLICATION))
    told = {"bus-1": {"occupancy_status": status, **trip}}
    assert list(differing_vehicles("feed", _truth(), found, told, NOON)) == []
    other = {"bus-1": found["bus-1"]._replace(occupancy="FULL")}
    (offence,) = differing_vehicles("feed", _truth(), other, told, NOON)
    assert f"bus-1 is FULL instead of {status}" in offence
    other = {"bus-1": found["bus-1"]._replace(trip=(None, None))}
    (offence,) = differing_vehicles("feed", _truth(), other, told, NOON)
    assert "serves (None, None) instead of ('20261128', 'trip-3')" in offence
    (missing,) = differing_vehicles("feed", _truth(), {}, told, NOON)
    assert "bus-1 is at None" in missing
