# SPDX-License-Identifier: EUPL-1.2
"""`POST /v1/values:import`: a CSV file of values, all lines or none, and `/v1/value-files`: decisions on all of one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from kpi_aggregator.api.acting import hand_of
from kpi_aggregator.api.filing import HANDED_IN, Filed, Sent, decide_file, hand_in, named, try_file
from kpi_aggregator.api.proposals import DecisionBody, Said
from kpi_aggregator.domain.filed import Act
from kpi_aggregator.storage import value_files
from kpi_aggregator.storage.value_files import ValueFile
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.csv_import import FileRefusedError
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.csv_upload import CSV_BODY, csv_of, import_refused
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
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(prefix="/v1", tags=["values"])
FileId = Annotated[int, Path(ge=1, le=HIGHEST_NUMBER)]
Approver = Annotated[Principal, require("kpi:approve")]
UNNAMED = "API"


class ImportView(BaseModel):
    """What an import did, or would do."""

    dry_run: bool
    values: int = Field(description="that are handed in: new ones and corrections")
    corrections: int = Field(description="of periods that have a value already")
    unchanged: int = Field(
        description="that hold already or wait for approval; not handed in again"
    )
    so_far: int = Field(
        description="handed in, but not of the whole period: of before its end, by date or source"
    )
    remarks: list[str] = Field(
        description="columns such as `bemerkung` or `comment` that say something; it is not kept"
    )
    file_id: int | None = Field(description="by which all of it is decided on; null: nothing new")
    value_ids: list[int] = Field(description="now waiting for approval")


class FileView(BaseModel):
    """A file of values that was handed in, and what became of its lines."""

    file_id: int
    name: str
    sha256: str
    author: str
    author_role: str
    imported_at: datetime
    lines: int = Field(description="that were handed in")
    pending: int
    approved: int
    rejected: int


class _Before(WriteModel):
    file_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


@router.post("/values:import", openapi_extra=CSV_BODY, response_model=ImportView)
async def import_values(
    request: Request,
    once: Idempotent,
    author: Annotated[Principal, require("kpi:write")],
    *,
    dry_run: Annotated[bool, Query(description="tell what it would do, write nothing")] = False,
    file_name: Annotated[
        str, Query(max_length=500, description="under which who decides sees the file")
    ] = UNNAMED,
    author_role: Annotated[
        Said | None,
        Query(description="needed with a key for lines without; of a person the login says it"),
    ] = None,
) -> Response:
    """Import values from CSV: `indicator_id,period_start,value,source,source_date`.

    Optionally `period`, `author_role`, `cause`, `group_size`, `parts` (`rad=120|oepnv=95`),
    `evidence`. Files of German Excel are taken as well: separated by semicolons, in Windows-1252,
    numbers as 1.234,5, days as 31.10.2026, the names of the form above the columns. A column of
    remarks (`bemerkung`, `kommentar`, `comment`) is passed over and named in `remarks`. 422
    `import_refused` names every wrong line, with a key those without a role (`missing`) too.
    What is imported waits for approval like any value.
    """
    sent, now = Sent(named(file_name) or UNNAMED, await csv_of(request)), utc_now()
    is_person, role = author.kind == "oidc", author_role or ""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if not dry_run and (known_answer := await once.recall(connection)) is not None:
            return known_answer
        said = None if is_person else role
        trial = await try_file(connection, sent.content, now, role_said=said)
        if trial.tried.errors:
            error = FileRefusedError(trial.tried.errors)
            raise import_refused(error) from error
        filed = Filed(None, [])
        if not dry_run:
            hand = hand_of(author, role, "author_role")
            filed = await hand_in(connection, sent, trial, hand, now, is_person=is_person)
        view = ImportView(
            dry_run=dry_run,
            values=trial.count(*HANDED_IN),
            corrections=trial.count(Act.CORRECTS),
            unchanged=trial.count(Act.SAME),
            so_far=sum(map(trial.is_so_far, trial.tried.lines)),
            remarks=list(trial.tried.remarks),
            file_id=filed.file_id,
            value_ids=list(filed.value_ids),
        )
        if dry_run:
            return Response(view.model_dump_json(), media_type="application/json")
        return await once.answer(connection, view, 200)


@router.get("/value-files", dependencies=[require("kpi:write")])
async def list_files(
    request: Request,
    *,
    waiting: Annotated[bool, Query(description="only those with lines to decide on")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[FileView]:
    """List the files of values that were handed in, the newest first."""
    position = decode_cursor(cursor, _Before)
    before = position.file_id if position else HIGHEST_NUMBER
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await value_files.newest(
            connection, before=before, limit=limit + 1, waiting=waiting
        )
    items = [_file_view(each) for each in found[:limit]]
    last = encode_cursor(_Before(file_id=items[-1].file_id)) if len(found) > limit else None
    return Page(items=items, next_cursor=last)


@router.post("/value-files/{file_id}:approve")
async def approve_file(
    request: Request, approver: Approver, file_id: FileId, body: DecisionBody
) -> FileView:
    """Let all values of a file hold that wait; each is asked as if it were alone.

    409 where one is refused, with its `line` and `value_id`: then none is approved.
    """
    return await _decide(request, file_id, "approved", approver, body)


@router.post("/value-files/{file_id}:reject")
async def reject_file(
    request: Request, approver: Approver, file_id: FileId, body: DecisionBody
) -> FileView:
    """Refuse all values of a file that wait; they stay in the list with the reason."""
    return await _decide(request, file_id, "rejected", approver, body)


async def _decide(
    request: Request,
    file_id: int,
    state: Literal["approved", "rejected"],
    approver: Principal,
    body: DecisionBody,
) -> FileView:
    hand = hand_of(approver, body.role, "role")
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        await decide_file(connection, file_id, state, hand, body.note)
        found = await value_files.one(connection, file_id)
    if found is None:
        raise NotFound(f"there is no file {file_id}")
    return _file_view(found)


def _file_view(stored: ValueFile) -> FileView:
    return FileView(
        file_id=stored.file_id,
        name=stored.name,
        sha256=stored.sha256,
        author=stored.author,
        author_role=stored.author_role,
        imported_at=stored.imported_at,
        lines=stored.lines,
        pending=stored.pending,
        approved=stored.approved,
        rejected=stored.lines - stored.pending - stored.approved,
    )
