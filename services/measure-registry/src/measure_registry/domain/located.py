# SPDX-License-Identifier: EUPL-1.2
"""Where an idea lies on the map: at a place that the city lists, or where staff put it; never at somebody's door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from measure_registry.domain.placed import Box, is_inside
from measure_registry.domain.steckbrief import Place

COARSE = 3
"""Decimals of a degree that are kept of a position from outside: about 100 m, so no house can be told by it."""


def known_place(name: str | None, places: Sequence[Place]) -> Place | None:
    """Return the listed place that a name means, however it is written large, small or spaced."""
    asked = _plain(name)
    return next((each for each in places if asked and _plain(each.name) == asked), None)


def located(place: Place, places: Sequence[Place]) -> Place:
    """Return a place with the position of the list, where it names a listed one and has none of its own."""
    found = known_place(place.name, places)
    return found if found is not None and place.lat is None else place


def submitted(place: Place, places: Sequence[Place]) -> Place:
    """Return where an idea from outside lies: at the listed place it names, else its position made coarse."""
    found = known_place(place.name, places)
    if found is not None:
        return found
    if place.lat is None or place.lon is None:
        return place
    return replace(place, lat=round(place.lat, COARSE), lon=round(place.lon, COARSE))


def is_outside(place: Place, box: Box) -> bool:
    """Tell whether a place has a position that is not within the city's box."""
    if place.lat is None or place.lon is None:
        return False
    return not is_inside(box, place.lat, place.lon)


def moved(before: Place, after: Place, places: Sequence[Place]) -> Place:
    """Return where an idea lies after a correction.

    A position that came from the list goes with its name: another listed name brings its own, a free text none.
    """
    old = known_place(before.name, places)
    stays = (after.lat, after.lon) == (before.lat, before.lon)
    was_listed = old is not None and (old.lat, old.lon) == (before.lat, before.lon)
    if stays and was_listed and _plain(after.name) != _plain(before.name):
        after = replace(after, lat=None, lon=None)
    return located(after, places)


def _plain(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()
