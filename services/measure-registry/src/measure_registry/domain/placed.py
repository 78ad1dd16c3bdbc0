# SPDX-License-Identifier: EUPL-1.2
"""What lies somewhere: ideas, measures, sub-projects and pilots with a position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from measure_registry.domain.undertaking import Kind, Undertaking

PlacedKind = Literal["idea", "measure", "subproject", "pilot"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Owner:
    """The measure or sub-project that a pilot belongs to."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Something with a position (WGS 84); a pilot is found on the page of what it belongs to."""

    kind: PlacedKind
    name: str
    title: Mapping[str, str]
    place: str | None
    lat: float
    lon: float
    handlungsfelder: Sequence[str]
    state: str
    priority: str | None
    reifegrad: str | None
    of: Owner | None = None

    def is_inside(self, box: Box) -> bool:
        """Tell whether it lies within west, south, east and north."""
        return is_inside(box, self.lat, self.lon)


def is_inside(box: Box, lat: float, lon: float) -> bool:
    """Tell whether a position lies within west, south, east and north."""
    west, south, east, north = box
    return south <= lat <= north and west <= lon <= east


def placed_in(found: Undertaking) -> Iterator[Placed]:
    """Yield a measure or sub-project and its pilots, as far as they have a position."""
    said = found.definition
    common: dict[str, Any] = {
        "handlungsfelder": said["handlungsfelder"],
        "priority": said.get("priority"),
        "reifegrad": said["reifegrad"],
    }
    if _is_placed(said.get("place")):
        yield Placed(
            kind="measure" if found.kind == "measure" else "subproject",
            name=found.undertaking_id,
            title=said["title"],
            state=said["state"],
            **_position(said["place"]),
            **common,
        )
    for each in said.get("pilots") or ():
        if _is_placed(each["place"]):
            yield Placed(
                kind="pilot",
                name=each["pilot_id"],
                title=each["title"],
                state=each["status"],
                of=Owner(found.kind, found.undertaking_id),
                **_position(each["place"]),
                **common,
            )


def _is_placed(place: Mapping[str, Any] | None) -> bool:
    return place is not None and place.get("lat") is not None


def _position(place: Mapping[str, Any]) -> dict[str, Any]:
    return {"place": place["name"], "lat": place["lat"], "lon": place["lon"]}
