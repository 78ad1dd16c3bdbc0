# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import pytest

from vehicle_occupancy.domain.geometry import Line, Place, bearing_deg, distance_m

from .towns import PLACES, a_day


def test_distance_is_that_of_the_published_example() -> None:
    # Lyon to Paris, the worked example of the PyPI package haversine: 392.2 km
    lyon, paris = Place(45.7597, 4.8422), Place(48.8567, 2.3508)
    assert distance_m(lyon, paris) == pytest.approx(392_217, abs=10)


def test_line_knows_how_far_along_a_place_is_and_which_way_it_goes() -> None:
    way = Line([PLACES["a"], PLACES["b"]])
    foot = way.nearest(Place(51.4805, 11.91))
    assert foot.along_m == pytest.approx(way.length_m / 2, rel=1e-6)
    assert foot.off_m == pytest.approx(55.6, abs=0.5)
    assert foot.bearing_deg == pytest.approx(90, abs=0.5)
    assert bearing_deg(PLACES["a"], PLACES["b"]) == pytest.approx(90, abs=0.5)
    assert way.length_m == pytest.approx(distance_m(PLACES["a"], PLACES["b"]), rel=1e-4)
    assert way.at(way.length_m / 2).lon == pytest.approx(11.91)


def test_a_line_that_returns_passes_a_place_twice() -> None:
    way = Line([PLACES["a"], PLACES["b"], PLACES["c"], PLACES["b"], PLACES["a"]])
    feet = way.feet(Place(51.48, 11.91), within_m=100)
    assert [round(foot.bearing_deg) for foot in feet] == [90, 270]


def test_a_vehicle_drives_its_block_in_order() -> None:
    day = a_day()
    assert [trip.trip_id for trip in day.block("block-1")][:3] == ["0-1", "1-1", "0-3"]
    following = day.next_of_block(day.block("block-1")[0])
    assert following is not None
    assert following.trip_id == "1-1"


def test_trips_under_way_are_those_between_their_ends() -> None:
    day = a_day()
    assert [trip.trip_id for trip in day.under_way(8 * 3600 + 100)] == ["0-0"]
    around = day.under_way(8 * 3600 - 60, margin_s=120)
    assert [trip.trip_id for trip in around] == ["0-0"]
