# SPDX-License-Identifier: EUPL-1.2
"""VDV 301-2-8, PassengerCountingService V1.0 to V2.1: counters of all doors, never reset, may roll over.

AllData of GetAllDataResponse and of subscriptions, SpecificDoorData of RetrieveSpecificDoorData;
docs/mapping/passenger-counting.md.
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
    worst,
)
from vehicle_occupancy.domain.load.reading import Quality

_DATA = frozenset({"AllData", "SpecificDoorData"})


def read(payload: bytes, options: Options) -> Sequence[Told]:
    """Return the counters of each door; raises UnreadableError."""
    root = xml.parse(payload)
    data = (
        root
        if xml.name_of(root) in _DATA
        else next((child for child in root if xml.name_of(child) in _DATA), None)
    )
    if data is None:
        said = xml.text(root, "OperationErrorMessage")
        raise UnreadableError("wrong_form", said or f"no counting data in {xml.name_of(root):.80}")
    at = time_of(xml.text(data, "TimeStamp"), options.zone)
    told = []
    for door in xml.each(data, "CountingData"):
        name = (xml.text(door, "DoorID") or "").strip()
        if not name:
            raise UnreadableError("wrong_form", "CountingData without DoorID")
        try:
            counts, qualities = _counts(door)
        except UnreadableError as error:
            raise error.at_door(name) from error
        if counts:
            told.append(
                Told(
                    ref=name,
                    door=name,
                    at=at,
                    mode="cumulative",
                    counts=counts,
                    quality=worst(qualities),
                )
            )
    return told


def _counts(door: xml.Element) -> tuple[dict[str, tuple[int, int]], list[Quality]]:
    counts: dict[str, tuple[int, int]] = {}
    qualities: list[Quality] = []
    for count in xml.each(door, "Count"):
        inwards, outwards = (count_of(xml.text(count, name)) for name in ("In", "Out"))
        added(counts, class_of(xml.text(count, "ObjectClass") or "other"), inwards, outwards)
        qualities.append(quality_of(xml.text(count, "CountQuality") or "regular"))
    return counts, qualities
