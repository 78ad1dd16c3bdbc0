# SPDX-License-Identifier: EUPL-1.2
"""Networking formats: public to read, made, changed and cancelled by editors."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from measure_registry.api.asked import Db, Wanted
from measure_registry.api.bodies import ReasonBody
from measure_registry.api.staff import Editor, Reader
from measure_registry.api.texts import Reason
from measure_registry.api.versions import HELD, Needed, tagged
from measure_registry.api.views import ChangeView, change_view
from measure_registry.desk.author import Deed
from measure_registry.desk.formats import cancel, make, rewrite, taken_up
from measure_registry.desk.problems import not_found
from measure_registry.forms.formats import FormatForm
from measure_registry.storage import changes
from measure_registry.storage import formats as stored
from measure_registry.storage.formats import Format
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)

router = APIRouter(prefix="/v1/formats", tags=["formats"])
FormatId = Annotated[str, Path(pattern=r"^format-[0-9]{4,18}$")]
Day = Annotated[date, Query()]
MOST_CHANGES = 1000
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such format"}}
CHANGED: dict[int | str, dict[str, Any]] = {
    **NONE,
    409: {"description": "The format was cancelled"},
    412: {"description": "The format has been changed meanwhile"},
}
TAGGED = {**CHANGED, 428: {"description": "If-Match is missing"}}


class FormatBody(WriteModel):
    """What a format is to say, and why it is changed."""

    format: FormatForm
    reason: Reason


class FormatView(FormatForm):
    """A networking format; `cancelled` where it does not take place, or did not."""

    format_id: str
    version: int
    created_at: datetime
    changed_at: datetime
    cancelled: bool


class _Before(BaseModel):
    held_on: date
    number: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


def _view(found: Format) -> FormatView:
    names = ("format_id", "version", "created_at", "changed_at")
    own = {name: getattr(found, name) for name in names}
    return FormatView(**found.definition, **own, cancelled=found.cancelled_at is not None)


@router.get("")
async def list_formats(
    database: Db,
    *,
    since: Day = date.min,
    until: Day = date.max,
    measure_id: Wanted = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[FormatView]:
    """List formats from `since` to the day before `until`, the latest first."""
    position = decode_cursor(cursor, _Before)
    before = (until, 0) if position is None else (position.held_on, position.number)
    async with database.connection() as connection:
        found = await stored.newest(
            connection, before, since=since, measure=measure_id, limit=limit + 1
        )
    shown, last = found[:limit], None
    if len(found) > limit:
        last = encode_cursor(_Before(held_on=shown[-1].held_on, number=shown[-1].number))
    return Page(items=[_view(each) for each in shown], next_cursor=last)


@router.post("", status_code=201, response_model=FormatView)
async def make_format(once: Idempotent, database: Db, staff: Editor, body: FormatBody) -> Response:
    """Note a workshop, a meeting or the like, that was or will be."""
    async with database.transaction() as connection:
        known = await once.recall(connection)
        if known is not None:
            return known
        definition = body.format.model_dump(mode="json")
        deed = Deed(staff, utc_now(), body.reason)
        made = await make(connection, definition, body.format.held_on, deed)
        location = f"/v1/formats/{made.format_id}"
        return await once.answer(connection, _view(made), 201, location=location)


@router.get("/{format_id}", responses={**NONE, **HELD}, response_model=FormatView)
async def get_format(request: Request, database: Db, format_id: FormatId) -> Response:
    """Answer with one format."""
    async with database.connection() as connection:
        found = await stored.one(connection, format_id)
    if found is None:
        raise not_found("format", format_id)
    return tagged(_view(found), found.version, request)


@router.put("/{format_id}", responses=TAGGED, response_model=FormatView)
async def change_format(
    database: Db, staff: Editor, format_id: FormatId, expected: Needed, body: FormatBody
) -> Response:
    """Change what a format says; needs If-Match."""
    async with database.transaction() as connection:
        before = await taken_up(connection, format_id, expected)
        definition = body.format.model_dump(mode="json")
        deed = Deed(staff, utc_now(), body.reason)
        found = await rewrite(connection, before, definition, body.format.held_on, deed)
    return tagged(_view(found), found.version)


@router.post("/{format_id}:cancel", responses=TAGGED, response_model=FormatView)
async def cancel_format(
    database: Db, staff: Editor, format_id: FormatId, expected: Needed, body: ReasonBody
) -> Response:
    """Note that a format does not take place, or did not; needs If-Match."""
    async with database.transaction() as connection:
        before = await taken_up(connection, format_id, expected)
        found = await cancel(connection, before, Deed(staff, utc_now(), body.reason))
    return tagged(_view(found), found.version)


@router.get("/{format_id}/changes", responses=NONE)
async def format_changes(database: Db, staff: Reader, format_id: FormatId) -> Page[ChangeView]:
    """List what was changed of a format, the oldest first."""
    del staff
    async with database.connection() as connection:
        if await stored.one(connection, format_id) is None:
            raise not_found("format", format_id)
        found = await changes.of(connection, "format", format_id, after=0, limit=MOST_CHANGES)
    return Page(items=[change_view(each) for each in found])
