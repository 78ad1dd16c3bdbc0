# SPDX-License-Identifier: EUPL-1.2
"""All ideas as CSV or JSON, streamed: the published ones to everybody, all of them to staff."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from measure_registry.api.asked import Db
from measure_registry.api.staff import OptionalStaff
from measure_registry.api.versions import HELD, held_as
from measure_registry.domain.idea import Idea
from measure_registry.storage import ideas, lineage
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import has_tag, strong_etag
from stadttakt_runtime.http.paging import HIGHEST_NUMBER

router = APIRouter(prefix="/v1", tags=["files"])
AT_ONCE = 500
COLUMNS = (
    "idea_id", "title", "summary", "handlungsfeld", "further_fields", "goal", "benefit", "mehrwerte",
    "leitsaetze", "target_groups", "place_name", "lat", "lon", "partners", "timeframe", "budget",
    "transferable", "submitter_kind", "state", "state_since", "priority", "call_id", "submitted_at",
    "changed_at", "public", "merged_into", "goes_on", "goes_on_in",
)  # fmt: skip
# A spreadsheet runs what begins so (OWASP: CSV injection).
RUNS = ("=", "+", "-", "@", "\t", "\r")
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    **HELD,
}


@router.get("/export.csv", responses=_CSV, response_class=StreamingResponse, openapi_extra=OPEN)
async def export_csv(request: Request, database: Db, staff: OptionalStaff) -> Response:
    """Answer with ideas as CSV, without anything that tells who submitted them.

    A text that a spreadsheet would run begins with an apostrophe.
    """
    headers = held_as(await _tag(database, only_public=staff is None))
    if has_tag(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return StreamingResponse(
        _csv(_rows(database, only_public=staff is None)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="ideas.csv"', **headers},
    )


@router.get("/export.json", responses=HELD, response_class=StreamingResponse, openapi_extra=OPEN)
async def export_json(request: Request, database: Db, staff: OptionalStaff) -> Response:
    """Answer with ideas as one JSON list, without anything that tells who submitted them."""
    headers = held_as(await _tag(database, only_public=staff is None))
    if has_tag(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    rows = _rows(database, only_public=staff is None)
    return StreamingResponse(_json(rows), media_type="application/json", headers=headers)


async def _tag(database: Database, *, only_public: bool) -> str:
    """Return the weak tag of all ideas by their ids and versions, which each change raises, and of what is told of them.

    It is read before the ideas: what changes in between is asked for again, and never missed.
    """
    async with database.connection() as connection:
        fingerprint = await ideas.fingerprint(connection, only_public=only_public)
    told = repr((fingerprint, only_public, COLUMNS)).encode()
    return f"W/{strong_etag(told)}"


async def _rows(database: Database, *, only_public: bool) -> AsyncIterator[dict[str, Any]]:
    """Yield all ideas, the newest first, in pages, so that no export holds a connection for long."""
    before = HIGHEST_NUMBER
    while True:
        async with database.connection() as connection:
            found = await ideas.newest(
                connection, Asked(only_public=only_public), before=before, limit=AT_ONCE
            )
            going = [each.idea_id for each in found if each.goes_on]
            onwards = await lineage.targets(connection, going, only_public=only_public)
        for each in found:
            yield _row(each, tuple(onwards.get(each.idea_id, ())))
        if len(found) < AT_ONCE:
            return
        before = found[-1].number


def _row(idea: Idea, onwards: Sequence[str]) -> dict[str, Any]:
    brief = idea.steckbrief
    own = {name: getattr(brief, name) for name in brief.__slots__ if name != "place"}
    place = {"place_name": brief.place.name, "lat": brief.place.lat, "lon": brief.place.lon}
    names = ("idea_id", "state", "state_since", "priority", "call_id", "submitted_at", "changed_at")
    rest = {name: getattr(idea, name) for name in (*names, "goes_on")}
    into = idea.merged_into if idea.merged_into in onwards else None
    row = {
        **own,
        **place,
        **rest,
        "public": idea.is_public,
        "merged_into": into,
        "goes_on_in": onwards,
    }
    return {name: row[name] for name in COLUMNS}


async def _csv(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    async for row in rows:
        writer.writerow([cell(value) for value in row.values()])
        if written.tell() > 65_536:
            yield written.getvalue()
            written.seek(0)
            written.truncate()
    yield written.getvalue()


def cell(value: Any) -> str:
    """Return a value as it stands in CSV; a text that a spreadsheet would run begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    text = "|".join(value) if isinstance(value, tuple) else str(value)
    return f"'{text}" if text.startswith(RUNS) else text


async def _json(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    separator = b"["
    async for row in rows:
        yield separator + orjson.dumps(row)
        separator = b",\n"
    yield b"[]" if separator == b"[" else b"]"
