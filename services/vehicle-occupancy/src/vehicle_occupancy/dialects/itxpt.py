# SPDX-License-Identifier: EUPL-1.2
"""ITxPT S02P07, Automatic Passenger Counting 2.1.1: a door's counts, or those of the whole vehicle.

PassengerDoorCountDelivery and PassengerVehicleCountDelivery; whether counts are since power-up or
since the doors last opened depends on the maker (`mode`); docs/mapping/passenger-counting.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from vehicle_occupancy.dialects import xml
from vehicle_occupancy.dialects.model import (
    Options,
    Told,
    UnreadableError,
    added,
    class_of,
    count_of,
    quality_of,
    time_of,
)

VEHICLE = "vehicle"
"""The door that stands for all doors, where only totals of the vehicle are used."""


def read(payload: bytes, options: Options) -> Sequence[Told]:
    """Return the counts; totals of the vehicle only where the source wants them."""
    root = xml.parse(payload)
    doors = list(xml.each(root, "PassengerDoorCount"))
    totals = list(xml.each(root, "PassengerVehicleCount"))
    if not doors and not totals:
        raise UnreadableError("wrong_form", f"no passenger counts in {xml.name_of(root):.80}")
    told = []
    for door in doors:
        name = (xml.text(door, "DoorId") or "").strip()
        if not name:
            raise UnreadableError("wrong_form", "PassengerDoorCount without DoorId")
        try:
            told.append(_told(door, name, "Door", "PassengerCounting", options))
        except UnreadableError as error:
            raise error.at_door(name) from error
    if options.vehicle_totals:
        told += [_told(each, VEHICLE, "Vehicle", "VehicleCounting", options) for each in totals]
    return told


def _told(element: xml.Element, door: str, prefix: str, list_name: str, options: Options) -> Told:
    counts: dict[str, tuple[int, int]] = {}
    for count in xml.each(element, list_name):
        inwards = count_of(xml.text(count, f"{prefix}PassengerIn"))
        outwards = count_of(xml.text(count, f"{prefix}PassengerOut"))
        added(counts, class_of(xml.text(count, "ObjectClass") or "adult"), inwards, outwards)
    if not counts:
        raise UnreadableError("wrong_form", f"nothing counted at {door:.60}")
    return Told(
        ref=door,
        door=door,
        at=time_of(xml.text(element, "RecordedAtTime"), options.zone),
        mode=options.mode,
        counts=counts,
        quality=quality_of(xml.text(element, f"{prefix}CountQuality") or "regular"),
    )
