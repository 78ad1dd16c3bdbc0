# SPDX-License-Identifier: EUPL-1.2
"""What is said of vehicles, over HTTP: counts, presence, axle loads, positions, trips."""

from __future__ import annotations

from typing import Any, Literal

import asyncpg
import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from stadttakt_messages.envelope import CONTENT_TYPE
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.database import is_about_the_data
from stadttakt_runtime.http.problem import UnsupportedMediaType, ValidationFailed
from stadttakt_runtime.rejected import Rejected
from vehicle_occupancy.api.present import PresentIntake, PresentKeeper
from vehicle_occupancy.intake import Intake, count_taken, rejected
from vehicle_occupancy.keeper import Keeper
from vehicle_occupancy.reading import NAMES

router = APIRouter(prefix="/v1/observations", tags=["inputs"])

BATCH = "application/cloudevents-batch+json"
JSON = "application/json"
MOST_EVENTS = 1000
TYPES = {f"city.stadttakt.{name}.v1": name for name in NAMES}

_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0, structured JSON; `type` and `data` as on the topics",
    "required": ["specversion", "id", "source", "type", "subject", "time", "dataschema", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "source": {"type": "string", "minLength": 1, "maxLength": 300},
        "type": {"type": "string", "enum": list(TYPES)},
        "subject": {"type": "string", "examples": ["vehicle/tram-614/door/2", "vehicle/tram-614"]},
        "time": {"type": "string", "format": "date-time"},
        "dataschema": {"type": "string", "examples": ["urn:stadttakt:schema:passenger-count:v1"]},
        "data": {"type": "object"},
    },
}
_EVENTS: dict[str, Any] = {"type": "array", "items": _EVENT, "maxItems": MOST_EVENTS}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            CONTENT_TYPE: {"schema": _EVENT},
            BATCH: {"schema": _EVENTS},
            JSON: {"schema": _EVENTS},
        },
    }
}


class EventView(BaseModel):
    """What became of one event; `reason` is a stable word."""

    index: int = Field(description="its place in what was sent, from 0")
    id: str | None
    result: Literal["taken", "rejected"]
    reason: str | None = None
    detail: str | None = None


class EventsView(BaseModel):
    """What became of each event; one that came before is taken again and changes nothing."""

    items: list[EventView]
    taken: int
    rejected: int


@router.post("", dependencies=[require("transit:write")], openapi_extra=_BODY)
async def post_observations(
    request: Request, intake: PresentIntake, keeper: PresentKeeper
) -> EventsView:
    """Take up to 1,000 events; the answer comes when they are committed.

    Events of the types of `passenger-count`, `device-presence`, `axle-load`, `vehicle-position`
    and `trip-assignment`. The subject names the vehicle, and the door for counts.
    """
    events = await read_events(request)
    found = [await _read(intake, event, payload) for event, payload in events]
    accepted = [each for said, _ in found for each in said]
    refused = [each for _, each in found if each is not None]
    try:
        await keeper.take(accepted, refused)
    except asyncpg.PostgresError as error:
        if not is_about_the_data(error):
            raise
        found = [
            (taken, message or await _alone(keeper, taken, payload, error))
            for (taken, message), (_, payload) in zip(found, events, strict=True)
        ]
        refused = [each for _, each in found if each is not None]
    count_taken(accepted, refused, way="http")
    views = [
        view_of(index, event, message)
        for index, ((event, _), (_, message)) in enumerate(zip(events, found, strict=True))
    ]
    return EventsView(items=views, taken=len(views) - len(refused), rejected=len(refused))


async def read_events(request: Request) -> list[tuple[Any, bytes]]:
    """Return the events that a request sends, each with its bytes as it may be quarantined.

    Raises:
        UnsupportedMediaType: it is said to be something else.
        ValidationFailed: no JSON of 1 to 1,000 events, or one that is nested too deeply; none is taken then.

    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {CONTENT_TYPE, BATCH, JSON}:
        raise UnsupportedMediaType(f"send {CONTENT_TYPE}, {BATCH} or {JSON}")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise _wrong("invalid_json", f"not JSON in UTF-8: {error.msg}") from error
    if media_type == CONTENT_TYPE:
        body = [body]
    if not isinstance(body, list) or not 0 < len(body) <= MOST_EVENTS:
        raise _wrong("wrong_form", f"a list of 1 to {MOST_EVENTS} events")
    try:
        return [(event, orjson.dumps(event)) for event in body]
    except orjson.JSONEncodeError as error:
        raise _wrong("invalid_json", "nested too deeply") from error


def _wrong(code: str, detail: str) -> ValidationFailed:
    return ValidationFailed([{"in": "body", "field": "", "detail": detail, "code": code}])


async def _read(intake: Intake, event: Any, payload: bytes) -> tuple[list[Any], Rejected | None]:
    """Return what an event says, or how it is quarantined."""
    topic = topic_of(event)
    if topic is None:
        where = ("http/observation", payload)
        return [], rejected(where, "wrong_form", "type and subject name no vehicle's message")
    accepted, refused = await intake.read([(intake.topic_of(topic), payload)])
    return accepted, refused[0] if refused else None


async def _alone(
    keeper: Keeper, taken: list[Any], payload: bytes, error: Exception
) -> Rejected | None:
    """Take one event by itself, after the database refused them together."""
    try:
        await keeper.take(taken)
    except asyncpg.PostgresError as blamed:
        if not is_about_the_data(blamed):
            raise
        found = rejected(("http/observation", payload), "database_refused", str(error))
        await keeper.take([], [found])
        return found
    return None


def topic_of(event: Any) -> list[str] | None:
    """Return the levels of the topic on which an event would have come: name, vehicle, door."""
    if not isinstance(event, dict):
        return None
    name, subject = TYPES.get(str(event.get("type"))), event.get("subject")
    if name is None or not isinstance(subject, str):
        return None
    kind, _, rest = subject.partition("/")
    vehicle, has_door, door = rest.partition("/door/")
    if kind != "vehicle" or not vehicle or bool(has_door) != (name == "passenger-count"):
        return None
    return [name, vehicle, door] if has_door and door else [name, vehicle]


def view_of(index: int, event: Any, message: Rejected | None) -> EventView:
    """Return what is answered of an event; `message` is how it was quarantined, if it was."""
    event_id = event.get("id") if isinstance(event, dict) else None
    known = event_id if isinstance(event_id, str) else None
    if message is None:
        return EventView(index=index, id=known, result="taken")
    return EventView(
        index=index, id=known, result="rejected", reason=message.reason, detail=message.detail
    )
