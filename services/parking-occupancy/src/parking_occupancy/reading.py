# SPDX-License-Identifier: EUPL-1.2
"""Bytes into observations: what a message must be, and the stable words for what it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import unquote
from uuid import UUID

import orjson
from pydantic import ValidationError

from parking_occupancy.domain.gate import GateCount, Passed
from parking_occupancy.domain.track import Observation, Reading, SensorId
from parking_occupancy.storage.counts import GateEvent
from parking_occupancy.storage.events import BayEvent
from stadttakt_messages.base import BayId, LotId
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.observations import BayOccupancy, Quality, VehicleCount
from stadttakt_messages.topics import Topics
from stadttakt_messages.trace import of_uplink

MAX_BYTES = 65_536
MAX_AHEAD = timedelta(minutes=5)
MAX_AGE = timedelta(days=3653)
"""Older times are a broken clock; each would make a chunk of its own in the database."""

BAY, GATE = "bay-occupancy", "vehicle-count"
_MAX_INT = 2_147_483_647

_OCCUPIED, _COUNTED = CloudEvent[BayOccupancy], CloudEvent[VehicleCount]
_TYPES = {name: event_type(name) for name in (BAY, GATE)}

AnyEvent = BayEvent | GateEvent
_Data = TypeVar("_Data", BayOccupancy, VehicleCount)


class RefusedError(Exception):
    """A message is no observation; `reason` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_message(topic: str, payload: bytes, now: datetime) -> AnyEvent:
    """Return the observation of a message about a bay or of a gate.

    The topic names which: `…/observation/bay-occupancy/<bay_id>` or
    `…/observation/vehicle-count/<lot_id>/<gate>`. Raises RefusedError.
    """
    if len(payload) > MAX_BYTES:
        raise RefusedError("too_large", f"{len(payload)} bytes, at most {MAX_BYTES}")
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("invalid_utf8", str(error)) from error
    levels = topic.split("/")[-3:]
    if "%" in topic:
        levels = [unquote(level) for level in levels]
    if levels[0] == GATE:
        counted = _parsed(payload, _COUNTED, GATE)
        return _count(LotId(levels[1]), levels[2], counted, now)
    occupied = _parsed(payload, _OCCUPIED, BAY)
    return _occupancy(BayId(levels[-1]), occupied, now)


def _parsed(payload: bytes, model: type[CloudEvent[_Data]], name: str) -> CloudEvent[_Data]:
    try:
        event = model.model_validate_json(payload)
    except ValidationError as error:
        raise _refusal(error) from error
    if event.type != _TYPES[name]:
        raise RefusedError("wrong_type", f"type {event.type}, expected {_TYPES[name]}")
    return event


def read_row(row: Any, now: datetime) -> AnyEvent:
    """Return the observation of a row of the decoder's view; raises RefusedError."""
    if row["kind"] == GATE:
        return _count(*_gate_of(row), _of_row(row, CloudEvent[VehicleCount]), now)
    occupied = _of_row(row, CloudEvent[BayOccupancy])
    return _occupancy(BayId(row["asset_id"]), occupied, now, superseded=row["superseded"])


def message_of(row: Any, topics: Topics) -> tuple[str, bytes]:
    """Return topic and payload of a row much as the broker would have brought it."""
    event = {"specversion": "1.0", **_fields_of(row), "data": orjson.Fragment(row["data"])}
    payload = orjson.dumps({name: value for name, value in event.items() if value is not None})
    if row["kind"] == GATE:
        # Whoever names no lot or gate: a level of a topic has a name.
        lot_id, gate = (each or "-" for each in _gate_of(row))
        return topics.vehicle_count(lot_id, gate), payload
    return topics.bay_occupancy(row["asset_id"] or "-"), payload


def _gate_of(row: Any) -> tuple[LotId, str]:
    # lot/<lot_id>/gate/<gate>: the asset may name the lot only
    _, lot_id, _, gate = [*row["subject"].split("/", 3), "", "", ""][:4]
    return LotId(lot_id), gate


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
        "sensor": row["sensor"],
        "traceparent": _trace_of(row["event_id"]),
    }


def _of_row(row: Any, model: type[CloudEvent[_Data]]) -> CloudEvent[_Data]:
    try:
        data = orjson.loads(row["data"])
    except orjson.JSONDecodeError as error:
        # PostgreSQL holds numbers and depths that no program has to read (RFC 8259, section 9).
        raise RefusedError("invalid_json", str(error)) from error
    try:
        return model.model_validate({**_fields_of(row), "data": data})
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> RefusedError:
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return RefusedError("invalid_json", first["msg"])
    where = ".".join(str(part) for part in first["loc"]) or "message"
    return RefusedError("wrong_form", f"{where}: {first['msg']}")


def _checked(event: CloudEvent[Any], named: tuple[str, ...], now: datetime) -> datetime:
    """Return the time of an event; refuses what cannot be true or stored."""
    data, observed_at = event.data, event.time
    ahead = observed_at - now
    if ahead > MAX_AHEAD:
        raise RefusedError("time_in_future", event.time.isoformat())
    if ahead < -MAX_AGE:
        raise RefusedError("time_too_old", event.time.isoformat())
    optional = (event.sensor or "", event.corrects or "", data.codec_id or "")
    if "\0" in "".join((*named, event.id, event.source, *optional)):
        raise RefusedError("wrong_form", "a NUL character cannot be stored")
    if abs(data.codec_version or 0) > _MAX_INT:
        raise RefusedError("wrong_form", f"a number above {_MAX_INT}")
    return observed_at


def _occupancy(
    bay_id: BayId, event: CloudEvent[BayOccupancy], now: datetime, *, superseded: bool = False
) -> BayEvent:
    data = event.data
    observed_at = _checked(event, (bay_id,), now)
    if (data.previous_duration_s or 0) > _MAX_INT:
        raise RefusedError("wrong_form", f"a number above {_MAX_INT}")
    return BayEvent(
        observation=Observation(
            event_id=event.id,
            bay_id=bay_id,
            observed_at=observed_at,
            reading=_reading(data),
            simulated=event.simulated,
            sensor=SensorId(event.sensor or ""),
        ),
        source=event.source,
        received_at=now,
        uplink_id=_uplink_of(event.id),
        previous_duration_s=data.previous_duration_s,
        codec_id=data.codec_id,
        codec_version=data.codec_version,
        corrects=event.corrects,
        superseded=superseded,
        traceparent=event.traceparent,
    )


def _count(lot_id: LotId, gate: str, event: CloudEvent[VehicleCount], now: datetime) -> GateEvent:
    data = event.data
    observed_at = _checked(event, (lot_id, gate), now)
    return GateEvent(
        count=GateCount(
            event_id=event.id,
            lot_id=lot_id,
            gate=gate,
            observed_at=observed_at,
            mode=data.mode,
            counted=Passed(data.count_in, data.count_out),
            inside=data.inside,
            simulated=event.simulated,
            corrects=event.corrects,
        ),
        source=event.source,
        received_at=now,
        uplink_id=_uplink_of(event.id),
        codec_id=data.codec_id,
        codec_version=data.codec_version,
        traceparent=event.traceparent,
    )


def _reading(data: BayOccupancy) -> Reading:
    if data.quality is Quality.SUSPECT:
        return Reading.SUSPECT
    return Reading.OCCUPIED if data.occupied else Reading.FREE


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
