# SPDX-License-Identifier: EUPL-1.2
"""Attachments of ideas, for staff: seen, added from paper, removed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from measure_registry.api.asked import Db, IdeaId
from measure_registry.api.staff import Editor, Reader
from measure_registry.cleaning.kinds import Attachment, AttachmentRefusedError
from measure_registry.cleaning.process import clean
from measure_registry.desk import files
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import taken_up
from measure_registry.desk.problems import not_found
from measure_registry.sealing import Vault
from measure_registry.storage import attachments, changes
from measure_registry.storage.attachments import FileKind
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.paging import Page
from stadttakt_runtime.http.problem import ContentTooLarge, Unavailable, UnsupportedMediaType

router = APIRouter(prefix="/v1/ideas/{idea_id}/attachments", tags=["attachments"])
Number = Annotated[int, Path(ge=1, le=10_000)]
Sort = Annotated[FileKind | None, Query()]
KINDS = ("application/pdf", "image/png", "image/jpeg")
_TOO_MUCH = {
    "too_large": "at most 10 MB",
    "too_fine": "at most 40 megapixels",
    "too_complex": "takes too much time or memory to be cleaned: save it anew as a plain PDF or as a picture",
}
_UNREAD = {
    "not_a_file": "no PDF, PNG or JPEG, or damaged",
    "other_picture": "a picture in another format (HEIC, AVIF, WebP, GIF, TIFF, BMP): save it as JPEG or PNG",
    "protected": "the PDF is protected by a password",
    "photo_in_text": "the PDF has a photo where what it tells of its making cannot be removed: print it as a PDF anew, or send a picture",
}
_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": dict.fromkeys(KINDS, _FILE)}}


class AttachmentView(BaseModel):
    """A file of an idea."""

    number: int
    media_type: Literal["application/pdf", "image/png", "image/jpeg"]
    kind: FileKind = Field(description="a scan tells who wrote the sheet: editors alone open it")
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
    names = AttachmentView.model_fields
    return Page(items=[AttachmentView(**{name: each[name] for name in names}) for each in found])


@router.post("", status_code=201, openapi_extra=_BODY)
async def add_attachment(
    request: Request, database: Db, staff: Editor, idea_id: IdeaId, kind: Sort = None
) -> Added:
    """Add a PDF, PNG or JPEG of at most 10 MB, told by its content; metadata and scripts are removed.

    A file of an idea that came on paper is a scan unless `kind` says otherwise.
    """
    content = await request.body()
    try:
        cleaned = await clean(content)
    except AttachmentRefusedError as error:
        if error.why == "busy":
            later = {"retry-after": "30"}
            raise Unavailable(
                "many files are being cleaned at this moment", headers=later
            ) from error
        if error.why in _TOO_MUCH:
            raise ContentTooLarge(_TOO_MUCH[error.why]) from error
        raise UnsupportedMediaType(_UNREAD[error.why]) from error
    now = utc_now()
    async with database.transaction() as connection:
        idea = await taken_up(connection, idea_id, None)
        sort = kind or ("scan" if idea.channel == "paper" else "file")
        vault: Vault | None = request.app.state.vault
        number = await files.keep(connection, vault, idea_id, cleaned, kind=sort, now=now)
        change = Deed(staff, now).change("idea", idea_id, "attached", details={"number": number})
        await changes.add(connection, change)
    size, media_type = len(cleaned.content), _media_type(cleaned)
    return Added(number=number, media_type=media_type, kind=sort, bytes=size, at=now)


def _media_type(file: Attachment) -> Any:
    return file.media_type


@router.get("/{number}", response_class=Response)
async def get_attachment(
    request: Request, database: Db, staff: Reader, idea_id: IdeaId, number: Number
) -> Response:
    """Hand out a file, to be saved and not shown; a scan to editors only, and the history notes who looked."""
    vault: Vault | None = request.app.state.vault
    async with database.transaction() as connection:
        deed = Deed(staff, utc_now())
        found = await files.handed_out(connection, vault, idea_id, number, deed)
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
