# SPDX-License-Identifier: EUPL-1.2
"""What is told of where buses are and how full, otherwise than what was acknowledged and than everybody is told."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from google.transit import gtfs_realtime_pb2 as pb
from lxml import etree

from crash.campaign.reckoning import Truth

HOLDS, MOVES = timedelta(minutes=5), timedelta(seconds=15)
"""So long a place is told, and so seldom a bus that moves is told of anew."""

_DEGREES = 1e-5
"""GTFS-Realtime has places in single precision."""
_NS = {"s": "http://www.siri.org.uk/siri"}


class Place(NamedTuple):
    """Where a bus was (WGS 84 degrees), and when."""

    lat: float
    lon: float
    at: datetime


class Vehicle(NamedTuple):
    """What a feed tells of a bus; its trip by start date and id."""

    place: Place | None
    occupancy: str
    trip: tuple[str | None, str | None]


def places(truth: Truth) -> dict[str, list[Place]]:
    """Return where each bus said that it was, the newest last."""
    found: defaultdict[str, list[Place]] = defaultdict(list)
    for each in sorted(truth.of("position"), key=lambda each: (each.at, each.event_id)):
        lat, lon = each.says
        found[each.place].append(Place(lat, lon, each.at))
    return dict(found)


def place_of(state: Mapping[str, Any]) -> Place | None:
    """Return the place in what is told of a bus over HTTP, or retained."""
    if state.get("position_at") is None:
        return None
    return Place(state["lat"], state["lon"], datetime.fromisoformat(state["position_at"]))


def differing_places(
    where: str, truth: Truth, told: Mapping[str, Place | None], now: datetime
) -> Iterator[str]:
    """Yield the buses that are told to be elsewhere; a place may be older than the newest by less than `MOVES`."""
    for bus, heard in places(truth).items():
        newest = heard[-1]
        if now - newest.at >= HOLDS:
            continue
        found = told.get(bus)
        if not any(_alike(found, each) for each in heard if newest.at - each.at < MOVES):
            yield f"{where}: {bus} is at {found} instead of {newest}"


def _alike(found: Place | None, wanted: Place) -> bool:
    return (
        found is not None
        and abs(found.lat - wanted.lat) < _DEGREES
        and abs(found.lon - wanted.lon) < _DEGREES
        and abs(found.at - wanted.at) < timedelta(seconds=1)
    )


def gtfs_vehicles(body: bytes) -> dict[str, Vehicle]:
    """Return the vehicles of a GTFS-Realtime feed by id."""
    found = {}
    for entity in pb.FeedMessage.FromString(body).entity:
        told = entity.vehicle
        place = None
        if told.HasField("position"):
            at = datetime.fromtimestamp(told.timestamp, UTC)
            place = Place(told.position.latitude, told.position.longitude, at)
        occupancy = pb.VehiclePosition.OccupancyStatus.Name(told.occupancy_status)
        trip = told.trip.start_date or None, told.trip.trip_id or None
        found[told.vehicle.id] = Vehicle(place, occupancy, trip)
    return found


def siri_vehicles(body: bytes) -> dict[str, Vehicle]:
    """Return the vehicles of a SIRI-VM 2.1 delivery by id; those without a known occupancy have GTFS-Realtime's word for it."""
    found = {}
    for each in etree.fromstring(body).iterfind(".//s:VehicleActivity", _NS):
        lat, lon = (
            each.findtext(f".//s:{name}", namespaces=_NS) for name in ("Latitude", "Longitude")
        )
        at = datetime.fromisoformat(_text(each, "RecordedAtTime"))
        place = None if lat is None or lon is None else Place(float(lat), float(lon), at)
        word = re.sub("([A-Z])", r"_\1", _text(each, "Occupancy")).upper()
        occupancy = "NO_DATA_AVAILABLE" if word == "UNKNOWN" else word
        day, trip_id = (
            each.findtext(f".//s:{name}", namespaces=_NS)
            for name in ("DataFrameRef", "DatedVehicleJourneyRef")
        )
        trip = None if day is None else day.replace("-", ""), trip_id
        found[_text(each, "VehicleRef")] = Vehicle(place, occupancy, trip)
    return found


def _text(activity: etree._Element, name: str) -> str:
    text = activity.findtext(f".//s:{name}", namespaces=_NS)
    assert text is not None, f"an activity without {name}"
    return text


READ: Mapping[str, Callable[[bytes], dict[str, Vehicle]]] = {
    "/feeds/gtfs-rt/vehicle-positions.pb": gtfs_vehicles,
    "/feeds/siri/vm.xml": siri_vehicles,
}


def differing_vehicles(
    feed: str,
    truth: Truth,
    found: Mapping[str, Vehicle],
    told: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> Iterator[str]:
    """Yield what a feed says otherwise than acknowledged places and than everybody is `told` by vehicle id."""
    yield from differing_places(feed, truth, {bus: each.place for bus, each in found.items()}, now)
    for bus, each in found.items():
        if each.occupancy != (wanted := told[bus]["occupancy_status"]):
            yield f"{feed}: {bus} is {each.occupancy} instead of {wanted}"
        if each.trip != (trip := (told[bus]["start_date"], told[bus]["trip_id"])):
            yield f"{feed}: {bus} serves {each.trip} instead of {trip}"
