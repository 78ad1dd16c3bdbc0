# SPDX-License-Identifier: EUPL-1.2
"""Bytes into what was said of a vehicle: what a message must be, and stable words for what it is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import orjson
from pydantic import ValidationError

from stadttakt_messages.base import VehicleId
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.observations import (
    AxleLoad,
    DevicePresence,
    PassengerCount,
    TripAssignment,
    VehiclePosition,
)
from stadttakt_messages.topics import Topics
from stadttakt_messages.trace import of_uplink
from vehicle_occupancy.domain.load.reading import Quality
from vehicle_occupancy.domain.reading import (
    Assignment,
    AxleReading,
    DevicesReading,
    DoorReading,
    Position,
)
from vehicle_occupancy.storage.readings import Event

MAX_BYTES = 65_536
MAX_AHEAD = timedelta(minutes=5)
MAX_AGE = timedelta(days=3653)
"""Older times are a broken clock; each would make a chunk of its own in the database."""
MAX_ID = 128

COUNT, PRESENCE = "passenger-count", "device-presence"
AXLE = "axle-load"
POSITION, ASSIGNMENT = "vehicle-position", "trip-assignment"
OBSERVED = (COUNT, PRESENCE, AXLE)
"""What the decoder makes of uplinks, and so is in its view."""
NAMES = (COUNT, PRESENCE, AXLE, POSITION, ASSIGNMENT)
_MAX_INT = 2_147_483_647


class RefusedError(Exception):
    """A message says nothing that can be taken; `reason` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_topic(levels: list[str], payload: bytes, now: datetime) -> Event:
    """Return what a message says, whose last topic levels are given: name, vehicle, perhaps door.

    Raises RefusedError.
    """
    name, vehicle, *door = [unquote(level) for level in levels]
    return read_event(name, VehicleId(vehicle), door[0] if door else "", payload, now)


def read_event(name: str, vehicle_id: VehicleId, door: str, payload: bytes, now: datetime) -> Event:
    """Return what a canonical event of a message name says; raises RefusedError."""
    if len(payload) > MAX_BYTES:
        raise RefusedError("too_large", f"{len(payload)} bytes, at most {MAX_BYTES}")
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("invalid_utf8", str(error)) from error
    model, make = _FORMS[name]
    try:
        event = model.model_validate_json(payload)
    except ValidationError as error:
        raise refusal(error) from error
    if event.type != event_type(name):
        raise RefusedError("wrong_type", f"type {event.type}, expected {event_type(name)}")
    return make(vehicle_id, door, event, now)


def read_row(row: Any, now: datetime) -> Event:
    """Return what a row of the decoder's view says; raises RefusedError."""
    vehicle_id, door = _door_of(row)
    model, make = _FORMS[row["kind"]]
    try:
        event = model.model_validate({**_fields_of(row), "data": orjson.loads(row["data"])})
    except ValidationError as error:
        raise refusal(error) from error
    except orjson.JSONDecodeError as error:
        # PostgreSQL holds numbers that nobody else does.
        raise RefusedError("invalid_json", str(error)) from error
    return make(vehicle_id, door, event, now)


def message_of(row: Any, topics: Topics) -> tuple[str, bytes]:
    """Return topic and payload of a row much as the broker would have brought it."""
    event = {"specversion": "1.0", **_fields_of(row), "data": orjson.Fragment(row["data"])}
    payload = orjson.dumps({name: value for name, value in event.items() if value is not None})
    # Whoever names no vehicle or door: a level of a topic has a name.
    vehicle, door = (each or "-" for each in _door_of(row))
    match row["kind"]:
        case "passenger-count":
            return topics.passenger_count(vehicle, door), payload
        case "axle-load":
            return topics.axle_load(vehicle), payload
        case _:
            return topics.device_presence(vehicle), payload


def _door_of(row: Any) -> tuple[VehicleId, str]:
    # vehicle/<vehicle_id>/door/<door>: the asset may name the vehicle only
    _, vehicle, _, door = [*row["subject"].split("/", 3), "", "", ""][:4]
    return VehicleId(vehicle), door


def _fields_of(row: Any) -> dict[str, Any]:
    return {
        "id": row["event_id"],
        "source": "/stadttakt/uplink-decoder",
        "type": event_type(row["kind"]),
        "subject": row["subject"],
        "dataschema": schema_urn(row["kind"]),
        "time": row["observed_at"],
        "simulated": row["simulated"],
        "corrects": row["corrects"],
        "traceparent": _trace_of(row["event_id"]),
    }


def refusal(error: ValidationError) -> RefusedError:
    """Return a failed validation as the refusal that it is."""
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return RefusedError("invalid_json", first["msg"])
    where = ".".join(str(part) for part in first["loc"]) or "message"
    return RefusedError("wrong_form", f"{where}: {first['msg']}")


def check(event_id: str, at: datetime, named: tuple[str, ...], now: datetime) -> None:
    """Refuse times that cannot be true, and texts that cannot be stored."""
    if at > now + MAX_AHEAD:
        raise RefusedError("time_in_future", at.isoformat())
    if at < now - MAX_AGE:
        raise RefusedError("time_too_old", at.isoformat())
    if any("\0" in text for text in (*named, event_id)):
        raise RefusedError("wrong_form", "a NUL character cannot be stored")
    if any(len(text) > MAX_ID for text in named):
        raise RefusedError("wrong_form", f"a name of more than {MAX_ID} characters")


def _shared(vehicle_id: VehicleId, event: CloudEvent[Any], now: datetime) -> dict[str, Any]:
    check(event.id, event.time, (vehicle_id,), now)
    return {
        "event_id": event.id,
        "vehicle_id": vehicle_id,
        "observed_at": event.time,
        "simulated": event.simulated,
        "corrects": event.corrects,
    }


def _event(said: Any, event: CloudEvent[Any], now: datetime) -> Event:
    codec_id = getattr(event.data, "codec_id", None)
    codec_version = getattr(event.data, "codec_version", None)
    texts = (event.source, event.corrects or "", codec_id or "")
    if any("\0" in text for text in texts):
        raise RefusedError("wrong_form", "a NUL character cannot be stored")
    if abs(codec_version or 0) > _MAX_INT:
        raise RefusedError("wrong_form", f"a number above {_MAX_INT}")
    return Event(
        said,
        event.source,
        now,
        _uplink_of(event.id),
        codec_id,
        codec_version,
        traceparent=event.traceparent,
    )


def _count(
    vehicle_id: VehicleId, door: str, event: CloudEvent[PassengerCount], now: datetime
) -> Event:
    data, counts = event.data, dict[str, tuple[int, int]]()
    shared = _shared(vehicle_id, event, now)
    check(event.id, event.time, (door,), now)
    for each in data.counts:
        inwards, outwards = counts.get(each.passenger_class.value, (0, 0))
        counts[each.passenger_class.value] = (inwards + each.count_in, outwards + each.count_out)
    said = DoorReading(
        **shared, door=door, mode=data.mode, counts=counts, quality=Quality(data.quality)
    )
    return _event(said, event, now)


def _presence(
    vehicle_id: VehicleId, _door: str, event: CloudEvent[DevicePresence], now: datetime
) -> Event:
    shared, data = _shared(vehicle_id, event, now), event.data
    if data.wifi is None and data.ble is None:
        raise RefusedError("wrong_form", "data: neither wifi nor ble")
    return _event(DevicesReading(**shared, wifi=data.wifi, ble=data.ble), event, now)


def _axle(vehicle_id: VehicleId, _door: str, event: CloudEvent[AxleLoad], now: datetime) -> Event:
    shared, data = _shared(vehicle_id, event, now), event.data
    return _event(AxleReading(**shared, mass_kg=data.mass_kg, gross=data.gross), event, now)


def _position(
    vehicle_id: VehicleId, _door: str, event: CloudEvent[VehiclePosition], now: datetime
) -> Event:
    shared, data = _shared(vehicle_id, event, now), event.data
    said = Position(
        **shared,
        lat=data.lat,
        lon=data.lon,
        speed_mps=data.speed_mps,
        bearing_deg=data.bearing_deg,
    )
    return _event(said, event, now)


def _assignment(
    vehicle_id: VehicleId, _door: str, event: CloudEvent[TripAssignment], now: datetime
) -> Event:
    shared, data = _shared(vehicle_id, event, now), event.data
    named = tuple(each or "" for each in (data.line, data.trip_id, data.stop_id))
    check(event.id, event.time, named, now)
    if data.start_date is not None and not _is_day(data.start_date):
        raise RefusedError("wrong_form", f"data.start_date: {data.start_date} is no day")
    if abs(data.direction or 0) > 1:
        raise RefusedError("wrong_form", "data.direction: 0 or 1")
    said = Assignment(
        **shared,
        line=data.line,
        direction=data.direction,
        trip_id=data.trip_id,
        start_date=data.start_date,
        stop_id=data.stop_id,
        valid_until=data.valid_until,
    )
    return _event(said, event, now)


def _is_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


_Make = Callable[[VehicleId, str, Any, datetime], Event]
_FORMS: dict[str, tuple[type[CloudEvent[Any]], _Make]] = {
    COUNT: (CloudEvent[PassengerCount], _count),
    PRESENCE: (CloudEvent[DevicePresence], _presence),
    AXLE: (CloudEvent[AxleLoad], _axle),
    POSITION: (CloudEvent[VehiclePosition], _position),
    ASSIGNMENT: (CloudEvent[TripAssignment], _assignment),
}


def _trace_of(event_id: str) -> str | None:
    """Return what the decoder said with the event; a row does not keep it."""
    uplink_id = _uplink_of(event_id)
    return str(of_uplink(str(uplink_id))) if uplink_id else None


def _uplink_of(event_id: str) -> UUID | None:
    """Return the uplink that the decoder names in the event's id, `<uplink>:<index>`."""
    uplink, colon, _ = event_id.partition(":")
    try:
        return UUID(uplink) if colon else None
    except ValueError:
        return None
