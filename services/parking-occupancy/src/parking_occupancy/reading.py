"""Bytes into observations: what a message must be, and the stable words for what it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from pydantic import ValidationError

from parking_occupancy.domain.bay import Observation, Reading
from parking_occupancy.storage.events import BayEvent
from stadttakt_messages.base import BayId
from stadttakt_messages.envelope import CloudEvent, event_type, schema_urn
from stadttakt_messages.observations import BayOccupancy, Quality

MAX_BYTES = 65_536
MAX_AHEAD = timedelta(minutes=5)
MAX_AGE = timedelta(days=3653)
"""Older times are a broken clock; each would make a chunk of its own in the database."""

_TYPE = event_type("bay-occupancy")
_MAX_INT = 2_147_483_647
_Event = CloudEvent[BayOccupancy]


class RefusedError(Exception):
    """A message is not a bay observation; `reason` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_message(topic: str, payload: bytes, now: datetime) -> BayEvent:
    """Return the observation of a message on `…/observation/bay-occupancy/<bay_id>`.

    The topic names the bay. Raises RefusedError.
    """
    if len(payload) > MAX_BYTES:
        raise RefusedError("too_large", f"{len(payload)} bytes, at most {MAX_BYTES}")
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("invalid_utf8", str(error)) from error
    try:
        event = _Event.model_validate_json(payload)
    except ValidationError as error:
        raise _refusal(error) from error
    if event.type != _TYPE:
        raise RefusedError("wrong_type", f"type {event.type}, expected {_TYPE}")
    return _checked(BayId(unquote(topic.rpartition("/")[2])), event, now)


def read_row(row: Any, now: datetime) -> BayEvent:
    """Return the observation of a row of the decoder's view; raises RefusedError."""
    try:
        data = BayOccupancy.model_validate_json(row["data"])
    except ValidationError as error:
        raise _refusal(error) from error
    event = _Event(
        id=row["event_id"],
        source="/stadttakt/uplink-decoder",
        type=_TYPE,
        subject=f"bay/{row['asset_id']}",
        dataschema=schema_urn("bay-occupancy"),
        time=row["observed_at"],
        simulated=row["simulated"],
        data=data,
    )
    return _checked(BayId(row["asset_id"]), event, now)


def _refusal(error: ValidationError) -> RefusedError:
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return RefusedError("invalid_json", first["msg"])
    where = ".".join(str(part) for part in first["loc"]) or "message"
    return RefusedError("wrong_form", f"{where}: {first['msg']}")


def _checked(bay_id: BayId, event: CloudEvent[BayOccupancy], now: datetime) -> BayEvent:
    data = event.data
    if event.time > now + MAX_AHEAD:
        raise RefusedError("time_in_future", event.time.isoformat())
    if event.time < now - MAX_AGE:
        raise RefusedError("time_too_old", event.time.isoformat())
    texts = (bay_id, event.id, event.source, data.codec_id or "")
    if any("\0" in text for text in texts):
        raise RefusedError("wrong_form", "a NUL character cannot be stored")
    if any(abs(n or 0) > _MAX_INT for n in (data.previous_duration_s, data.codec_version)):
        raise RefusedError("wrong_form", f"a number above {_MAX_INT}")
    return BayEvent(
        observation=Observation(
            event_id=event.id,
            bay_id=bay_id,
            observed_at=event.time,
            reading=_reading(data),
            simulated=event.simulated,
        ),
        source=event.source,
        received_at=now,
        uplink_id=_uplink_of(event.id),
        previous_duration_s=data.previous_duration_s,
        codec_id=data.codec_id,
        codec_version=data.codec_version,
    )


def _reading(data: BayOccupancy) -> Reading:
    if data.quality is Quality.SUSPECT:
        return Reading.SUSPECT
    return Reading.OCCUPIED if data.occupied else Reading.FREE


def _uplink_of(event_id: str) -> UUID | None:
    """Return the uplink that the decoder names in the event's id, `<uplink>:<index>`."""
    uplink, colon, _ = event_id.partition(":")
    try:
        return UUID(uplink) if colon else None
    except ValueError:
        return None
