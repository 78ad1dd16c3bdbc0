# SPDX-License-Identifier: EUPL-1.2
"""A foreign message as what it says of which vehicle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from urllib.parse import unquote

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.dialects import DIALECTS, Told
from vehicle_occupancy.dialects.model import UnreadableError
from vehicle_occupancy.domain.reading import DevicesReading, DoorReading, SensorReading
from vehicle_occupancy.reading import MAX_BYTES, RefusedError, check
from vehicle_occupancy.sources import Route
from vehicle_occupancy.storage.readings import Event

VehicleOf = Callable[[str], VehicleId | None]


def read_foreign(
    routes: Sequence[Route], topic: str, payload: bytes, *, vehicle_of: VehicleOf, now: datetime
) -> list[Event]:
    """Return what a message on a source's topic says; the first source that has the topic owns it.

    Raises RefusedError.
    """
    levels = topic.split("/")
    for route in routes:
        named = route.match(levels)
        if named is not None:
            return _events(route, named, payload, vehicle_of, now)
    raise RefusedError("unknown_topic", topic)


def _events(
    route: Route,
    named: tuple[str | None, str | None],
    payload: bytes,
    vehicle_of: VehicleOf,
    now: datetime,
) -> list[Event]:
    if len(payload) > MAX_BYTES:
        raise RefusedError("too_large", f"{len(payload)} bytes, at most {MAX_BYTES}")
    try:
        found = DIALECTS[route.dialect](payload, route.options)
    except UnreadableError as error:
        raise RefusedError(error.reason, error.detail) from error
    events = []
    for told in found:
        sensor = told.sensor or unquote(named[0] or "")
        vehicle_id = vehicle_of(sensor)
        if vehicle_id is None:
            raise RefusedError("unknown_vehicle", sensor[:200])
        door = told.door or unquote(named[1] or "")
        digest = _digest_of(route.source_id, vehicle_id, door, payload)
        said = _said(told, route, f"{route.source_id}:{digest}", vehicle_id, door, now)
        check(said.event_id, said.observed_at, (vehicle_id, door), now)
        events.append(Event(said, f"/source/{route.source_id}", now))
    return events


def _digest_of(source_id: str, vehicle_id: VehicleId, door: str, payload: bytes) -> str:
    # Where only the topic names vehicle and door, two of them may say the same at the same time.
    named = b"\0".join((vehicle_id.encode(), door.encode(), payload))
    return blake2b(named, digest_size=16, key=source_id.encode()).hexdigest()


def _said(
    told: Told, route: Route, digest: str, vehicle_id: VehicleId, door: str, now: datetime
) -> SensorReading:
    # A repeated message is the same bytes; one without a time of its own is one of its moment.
    message_id = f"{route.source_id}:{told.message_id}" if told.message_id else digest
    moment = "" if told.at else f":{now.timestamp():.3f}"
    event_id = f"{message_id}:{told.ref}{moment}"[:300]
    at = told.at or now
    if told.wifi is not None or told.ble is not None:
        return DevicesReading(
            event_id=event_id,
            vehicle_id=vehicle_id,
            observed_at=at,
            simulated=route.simulated,
            wifi=told.wifi,
            ble=told.ble,
        )
    return DoorReading(
        event_id=event_id,
        vehicle_id=vehicle_id,
        observed_at=at,
        simulated=route.simulated,
        door=door,
        mode=told.mode,
        counts=told.counts,
        quality=told.quality,
    )
