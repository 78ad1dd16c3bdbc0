# SPDX-License-Identifier: EUPL-1.2
"""Partners' own observations over HTTP: one event, a batch of them, or a file of old readings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from stadttakt_messages.envelope import CONTENT_TYPE
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import (
    Problem,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from uplink_decoder.api.speaker import Speaker
from uplink_decoder.intake import ANSWER_WITHIN_S
from uplink_decoder.observations.csv_lines import Line, LineError, read_lines
from uplink_decoder.observations.taking import Fate, Taken, Taking
from uplink_decoder.sources import Source

router = APIRouter(prefix="/v1/observations", tags=["observations"])

BATCH = "application/cloudevents-batch+json"
JSON = "application/json"
CSV = "text/csv"
MOST_EVENTS = 1000
SHOWN_ERRORS = 1000
CHUNK = 2000
IMPORT_WITHIN_S = 60.0
MAX_IMPORT_BYTES = 8_388_608
IMPORT_PATH = "/v1/observations:import"

_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0, structured JSON; `type` and `data` as on the topics",
    "required": ["specversion", "id", "source", "type", "subject", "time", "dataschema", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "source": {"type": "string", "minLength": 1, "maxLength": 300},
        "type": {"type": "string", "examples": ["city.stadttakt.environment.v1"]},
        "subject": {"type": "string", "examples": ["asset/market-square"]},
        "time": {"type": "string", "format": "date-time"},
        "dataschema": {"type": "string", "examples": ["urn:stadttakt:schema:environment:v1"]},
        "data": {"type": "object"},
    },
}
_EVENTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            CONTENT_TYPE: {"schema": _EVENT},
            BATCH: {"schema": {"type": "array", "items": _EVENT, "maxItems": MOST_EVENTS}},
        },
    }
}
_CSV_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}
}


class NoRight(Problem):
    """The source may not speak for this asset."""

    status, code, title = 403, "no_right", "The source may not speak for this asset"


class EventView(BaseModel):
    """What became of one event; `reason` is a stable word."""

    index: int = Field(description="its place in what was sent, from 0")
    id: str | None
    outcome: Literal["stored", "duplicate", "rejected"]
    reason: str | None = None
    detail: str | None = None


class EventsView(BaseModel):
    """What became of each event, once those that were taken are stored and published."""

    stored: int
    duplicate: int
    rejected: int
    items: list[EventView]


class LineErrorView(BaseModel):
    """What is wrong with one line of a file; the header is line 1."""

    line: int
    field: str
    code: str
    detail: str


class ImportView(BaseModel):
    """What became of the lines of a file, or would become; wrong ones keep no other from it."""

    dry_run: bool
    lines: int
    stored: int
    duplicate: int
    rejected: int
    errors: list[LineErrorView] = Field(description=f"the first {SHOWN_ERRORS}")


@router.post("", openapi_extra=_EVENTS_BODY)
async def take_observations(request: Request, source: Speaker) -> EventsView:
    """Take one CloudEvent, or a batch (`application/cloudevents-batch+json`).

    The answer comes once everything that was taken is stored and published. Repeat it freely: an
    event is the same by its `source` and `id`. A single event that is rejected is a problem
    (403 `no_right`, else 422), in a batch each has its own outcome; nothing rejected is kept.
    """
    media_type = _media_type(request)
    payloads = payloads_of(media_type, await request.body())
    taken = await _take(request, source, payloads, via="http", within_s=ANSWER_WITHIN_S)
    if media_type != BATCH and taken[0].fate is Fate.REJECTED:
        raise _refusal(taken[0])
    return events_view(payloads, taken)


@router.post(":import", openapi_extra=_CSV_BODY)
async def import_observations(
    request: Request,
    source: Speaker,
    *,
    dry_run: Annotated[bool, Query(description="tell what it would do, store nothing")] = False,
    timezone: Annotated[
        str | None,
        Query(max_length=60, description="of times without one, e.g. Europe/Berlin"),
    ] = None,
) -> ImportView:
    """Import a CSV file of historical readings; lines that are wrong are told, the others taken.

    At most 8 MiB; `stadttakt observations import` takes any size. The same line again is a
    duplicate. Columns: docs/how-to/import-readings.md.
    """
    if _media_type(request) != CSV:
        raise UnsupportedMediaType(f"send {CSV}", headers={"accept": CSV})
    text, zone = _text(await request.body()), _zone(timezone)
    try:
        lines = await asyncio.to_thread(lambda: list(read_lines(text, source.source_id, zone)))
    except LineError as error:
        raise _wrong_file(error) from error
    good = [line for line in lines if line.event is not None]
    events = [line.event for line in good if line.event is not None]
    within_s = IMPORT_WITHIN_S
    taken = await _take(request, source, events, via="import", within_s=within_s, dry_run=dry_run)
    return _import_view(
        lines, dict(zip((line.number for line in good), taken, strict=True)), dry_run=dry_run
    )


async def _take(
    request: Request,
    source: Source,
    payloads: Sequence[bytes],
    *,
    via: str,
    within_s: float,
    dry_run: bool = False,
) -> list[Taken]:
    database: Database = request.app.state.database
    taking = Taking(database, request.app.state.intake, source, via=via)
    now = utc_now()
    found: list[Taken] = []
    try:
        async with asyncio.timeout(within_s):
            for begin in range(0, len(payloads), CHUNK):
                some = payloads[begin : begin + CHUNK]
                found += await (taking.check(some, now) if dry_run else taking.take(some, now))
    except TimeoutError as error:
        told = "not all could be stored in time; send the same again, nothing doubles"
        raise Unavailable(told, headers={"retry-after": "5"}) from error
    return found


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def payloads_of(media_type: str, body: bytes) -> list[bytes]:
    """Return the events of a body, each as its bytes, unread where there is but one.

    Raises:
        UnsupportedMediaType: it is said to be something else.
        ValidationFailed: a batch that is none, or whose events cannot be told apart.

    """
    if media_type in {CONTENT_TYPE, JSON}:
        return [body]
    if media_type != BATCH:
        accepted = f"{CONTENT_TYPE}, {BATCH}"
        raise UnsupportedMediaType(f"send {accepted}", headers={"accept": accepted})
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _wrong("invalid_json", str(error)) from error
    if not isinstance(events, list):
        raise _wrong("wrong_form", "a batch is a JSON array")
    if len(events) > MOST_EVENTS:
        raise _wrong("too_many", f"{len(events)} events, at most {MOST_EVENTS}")
    try:
        return [orjson.dumps(event) for event in events]
    except orjson.JSONEncodeError as error:
        raise _wrong("invalid_json", "nested too deeply") from error


def _refusal(taken: Taken) -> Problem:
    if taken.reason == "no_right":
        return NoRight(taken.detail)
    return _wrong(taken.reason or "", taken.detail or "")


def _wrong(code: str, detail: str) -> ValidationFailed:
    return ValidationFailed([{"in": "body", "field": "", "detail": detail, "code": code}])


def _wrong_file(error: LineError) -> ValidationFailed:
    return _wrong(error.code, error.detail)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(
            "invalid_utf8", f"the file is not UTF-8: {error.reason} at {error.start}"
        ) from error


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        unknown = {"in": "query", "field": "timezone", "code": "unknown_timezone"}
        raise ValidationFailed([{**unknown, "detail": "as in Europe/Berlin"}]) from error


def events_view(payloads: Sequence[bytes], taken: Sequence[Taken]) -> EventsView:
    """Return what is answered of events."""
    items = [
        EventView(
            index=index,
            id=each.accepted.event_id if each.accepted else _id_of(payload),
            outcome=each.fate.value,
            reason=each.reason,
            detail=each.detail,
        )
        for index, (payload, each) in enumerate(zip(payloads, taken, strict=True))
    ]
    return EventsView(**_counts(taken), items=items)


def _id_of(payload: bytes) -> str | None:
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    given = document.get("id") if isinstance(document, dict) else None
    return given[:200] if isinstance(given, str) else None


def _counts(taken: Sequence[Taken]) -> dict[str, int]:
    return {fate.value: sum(each.fate is fate for each in taken) for fate in Fate}


def _import_view(lines: Sequence[Line], taken: dict[int, Taken], *, dry_run: bool) -> ImportView:
    errors = [found for line in lines if (found := _line_error(line, taken)) is not None]
    counts = _counts(list(taken.values()))
    counts["rejected"] = len(errors)
    return ImportView(dry_run=dry_run, lines=len(lines), **counts, errors=errors[:SHOWN_ERRORS])


def _line_error(line: Line, taken: dict[int, Taken]) -> LineErrorView | None:
    if line.error is not None:
        error = line.error
        return LineErrorView(
            line=line.number, field=error.field, code=error.code, detail=error.detail
        )
    each = taken[line.number]
    if each.fate is not Fate.REJECTED:
        return None
    return LineErrorView(
        line=line.number, field="", code=each.reason or "", detail=each.detail or ""
    )
