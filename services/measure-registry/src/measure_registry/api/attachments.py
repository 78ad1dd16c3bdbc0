"""Attachments of ideas, for staff: seen, added from paper, removed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from measure_registry.api.asked import Db, IdeaId
from measure_registry.api.staff import Editor, Reader
from measure_registry.cleaning import MOST_BYTES, AttachmentRefusedError, clean
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import taken_up
from measure_registry.desk.problems import not_found
from measure_registry.storage import attachments, changes
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.paging import Page
from stadttakt_runtime.http.problem import ContentTooLarge, UnsupportedMediaType

router = APIRouter(prefix="/v1/ideas/{idea_id}/attachments", tags=["attachments"])
Number = Annotated[int, Path(ge=1, le=10_000)]
KINDS = ("application/pdf", "image/png", "image/jpeg")
_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": dict.fromkeys(KINDS, _FILE)}}


class AttachmentView(BaseModel):
    """A file of an idea."""

    number: int
    media_type: Literal["application/pdf", "image/png", "image/jpeg"]
    bytes: int


class Added(AttachmentView):
    """A file that was added."""

    at: datetime


@router.get("")
async def list_attachments(database: Db, staff: Reader, idea_id: IdeaId) -> Page[AttachmentView]:
    """List the files of an idea."""
    del staff
    async with database.connection() as connection:
        found = await attachments.of(connection, idea_id)
    return Page(items=[AttachmentView(**dict(each)) for each in found])


@router.post("", status_code=201, openapi_extra=_BODY)
async def add_attachment(request: Request, database: Db, staff: Editor, idea_id: IdeaId) -> Added:
    """Add a PDF, PNG or JPEG of at most 10 MB, told by its content; metadata and scripts are removed."""
    content = await request.body()
    try:
        cleaned = await asyncio.to_thread(clean, content)
    except AttachmentRefusedError as error:
        if error.why == "too_large":
            raise ContentTooLarge(f"at most {MOST_BYTES} bytes, and 40 megapixels") from error
        raise UnsupportedMediaType(f"no PDF, PNG or JPEG that can be read ({error.why})") from error
    now = utc_now()
    async with database.transaction() as connection:
        await taken_up(connection, idea_id, None)
        number = await attachments.add(connection, idea_id, cleaned, now)
        change = Deed(staff, now).change("idea", idea_id, "attached", details={"number": number})
        await changes.add(connection, change)
    kind: Any = cleaned.media_type
    return Added(number=number, media_type=kind, bytes=len(cleaned.content), at=now)


@router.get("/{number}", response_class=Response)
async def get_attachment(database: Db, staff: Reader, idea_id: IdeaId, number: Number) -> Response:
    """Hand out a file, to be saved and not shown."""
    del staff
    async with database.connection() as connection:
        found = await attachments.one(connection, idea_id, number)
    if found is None:
        raise not_found("attachment", str(number))
    headers = {
        "content-disposition": f'attachment; filename="{idea_id}-{found.name(number)}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return Response(found.content, headers=headers, media_type=found.media_type)


@router.delete("/{number}", status_code=204, response_class=Response)
async def remove_attachment(
    database: Db, staff: Editor, idea_id: IdeaId, number: Number
) -> Response:
    """Delete a file for good."""
    async with database.transaction() as connection:
        if not await attachments.drop(connection, idea_id, number):
            raise not_found("attachment", str(number))
        details = {"number": number}
        change = Deed(staff, utc_now()).change("idea", idea_id, "detached", details=details)
        await changes.add(connection, change)
    return Response(status_code=204)
