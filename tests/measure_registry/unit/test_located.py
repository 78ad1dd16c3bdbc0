# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import pytest

from measure_registry.city.folder import read_folder
from measure_registry.domain.located import known_place, located, moved, submitted
from measure_registry.domain.steckbrief import Place
from support.ideas import HALLE

MARKET, ISLAND = Place("Marktplatz", 51.483, 11.97), Place("Peißnitzinsel", 51.49, 11.942)
PLACES = (MARKET, ISLAND)
HOUSE = Place("Gartenstraße 5", 51.483217, 11.971583)


@pytest.mark.parametrize("name", ["Marktplatz", " marktplatz ", "MARKTPLATZ"])
def test_a_listed_place_is_known_however_it_is_written(name: str) -> None:
    assert known_place(name, PLACES) == MARKET


@pytest.mark.parametrize("name", [None, "", "  ", "Gartenstraße 5"])
def test_no_other_place_is_known(name: str | None) -> None:
    assert known_place(name, (*PLACES, Place(None, 51.0, 11.0))) is None


def test_what_comes_from_outside_lies_at_the_listed_place_or_nearby() -> None:
    assert submitted(Place("marktplatz"), PLACES) == MARKET
    assert submitted(Place("Marktplatz", HOUSE.lat, HOUSE.lon), PLACES) == MARKET
    assert submitted(HOUSE, PLACES) == Place("Gartenstraße 5", 51.483, 11.972)
    assert submitted(Place("Gartenstraße 5"), PLACES) == Place("Gartenstraße 5")


def test_what_staff_enter_keeps_its_position() -> None:
    assert located(HOUSE, PLACES) == HOUSE
    assert located(Place("Marktplatz"), PLACES) == MARKET


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (MARKET, Place("Peißnitzinsel", MARKET.lat, MARKET.lon), ISLAND),
        (MARKET, Place("Gartenstraße", MARKET.lat, MARKET.lon), Place("Gartenstraße")),
        (MARKET, Place("Marktplatz", 51.4, 11.9), Place("Marktplatz", 51.4, 11.9)),
        (MARKET, Place("Gartenstraße", 51.4, 11.9), Place("Gartenstraße", 51.4, 11.9)),
        (HOUSE, Place("Am Markt", HOUSE.lat, HOUSE.lon), Place("Am Markt", HOUSE.lat, HOUSE.lon)),
        (HOUSE, Place("Marktplatz"), MARKET),
        (MARKET, MARKET, MARKET),
    ],
)
def test_a_position_of_the_list_goes_with_its_name(
    before: Place, after: Place, said: Place
) -> None:
    assert moved(before, after, PLACES) == said


def test_halle_lists_places_that_have_a_point_and_no_house_number() -> None:
    places = read_folder(HALLE).places
    assert {"Marktplatz", "Silberhöhe", "Friedemann-Bach-Platz"} <= {each.name for each in places}
    assert not [each.name for each in places if any(sign.isdigit() for sign in each.name)]
