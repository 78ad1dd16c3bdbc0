# SPDX-License-Identifier: EUPL-1.2
"""What a device watched from when until when: read, added, corrected; an asset's devices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import (
    END_OF_TIME,
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import Conflict, NotFound
from uplink_decoder.api.device_put import AssetWrite, RegisteredEui
from uplink_decoder.api.device_views import observation_kinds
from uplink_decoder.api.device_writing import (
    AssignmentOverlap,
    IfMatch,
    Writer,
    author_of,
    check_preconditions,
    invalid,
    registered_entry,
    writing,
)
from uplink_decoder.api.replay_request import Moment, Note
from uplink_decoder.domain import periods
from uplink_decoder.domain.periods import History, NotInOrderError, OverlapError, Period
from uplink_decoder.domain.registration import Entry, Owner, Step, replaced
from uplink_decoder.registry.sharing import shared_bays
from uplink_decoder.registry.writing import write
from uplink_decoder.storage import assignments as storage
from uplink_decoder.storage.registry import Author

router = APIRouter(prefix="/v1", tags=["devices"])

AssignmentId = Annotated[int, Path(ge=1, le=HIGHEST_NUMBER)]


class Retired(Conflict):
    """A retired device watches nothing."""

    code, title = "retired", "The device is retired"


class WatchedView(BaseModel):
    """The asset of an assignment."""

    kind: str
    id: str


class AssignmentView(BaseModel):
    """A device watched an asset from `valid_from` until before `valid_to`; null is open."""

    assignment_id: int
    dev_eui: str
    asset: WatchedView
    observes: str | None
    observation_kinds: list[str]
    valid_from: datetime
    valid_to: datetime | None
    set_by: str
    set_at: datetime
    warnings: list[str] = Field([], description="of a write: what is allowed and most often a slip")


class AssignmentWrite(WriteModel):
    """A period as it shall be."""

    asset: AssetWrite
    valid_from: Moment
    valid_to: Moment | None = None
    note: Note | None = None

    def period(self, number: int | None = None) -> Period:
        """Return the period, of a stored one with its number."""
        return Period(self.asset.asset(), self.valid_from, self.valid_to, number)


class NewAssignment(WriteModel):
    """A new period; `valid_from` left out is now."""

    asset: AssetWrite
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    end_previous: bool = Field(
        default=False,
        description="end what the device watches at `valid_from`, instead of refusing",
    )
    note: Note | None = None


class _Before(BaseModel):
    valid_from: AwareDatetime
    assignment_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


@router.get("/devices/{dev_eui}/assignments", dependencies=[require("devices:read")])
async def list_assignments(request: Request, dev_eui: RegisteredEui) -> Page[AssignmentView]:
    """List what a device watched, the newest first; always one page."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await registered_entry(connection, dev_eui.lower())
        rows = await storage.of_device(connection, dev_eui.lower())
    return Page(items=[_view(row) for row in rows])


@router.get("/assignments", dependencies=[require("devices:read")])
async def list_of_asset(
    request: Request,
    asset: Annotated[
        str, Query(pattern=r"^[a-z_]{1,20}/[^\x00]{1,257}$", description="`bay/<id>`")
    ],
    at: Annotated[Moment | None, Query(description="only who watched it then")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AssignmentView]:
    """List which devices watched an asset, the newest first."""
    kind, _, asset_id = asset.partition("/")
    position = decode_cursor(cursor, _Before)
    before = (
        (position.valid_from, position.assignment_id) if position else (END_OF_TIME, HIGHEST_NUMBER)
    )
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.of_asset(
            connection, kind, asset_id, time=at, before=before, limit=limit + 1
        )
    items = [_view(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    last = items[-1]
    following = _Before(valid_from=last.valid_from, assignment_id=last.assignment_id)
    return Page(items=items, next_cursor=encode_cursor(following))


@router.post("/devices/{dev_eui}/assignments", status_code=201, response_model=AssignmentView)
async def add_assignment(
    request: Request,
    dev_eui: RegisteredEui,
    new: NewAssignment,
    once: Idempotent,
    principal: Writer,
    *,
    if_match: IfMatch = None,
) -> Response:
    """Let a device watch an asset from a time on, or for a past period.

    409 `assignment_overlap` where it watches something else then. Stored uplinks of past times are
    decoded again: they go to the asset that was watched.
    """
    device, author = dev_eui.lower(), author_of(principal, new.note)
    begin = new.valid_from or author.at
    wanted = Period(new.asset.asset(), begin, new.valid_to)
    async with writing(request) as connection:
        if known := await once.recall(connection):
            return known
        entry = await registered_entry(connection, device)
        check_preconditions(entry, if_match)
        _refuse_retired(entry, wanted)
        left = periods.end(entry.history, begin) if new.end_previous else entry.history
        step = await _write(connection, entry, _add(left, wanted), author)
        view = await _stored(connection, step, wanted, author)
        location = f"/v1/devices/{device}/assignments/{view.assignment_id}"
        return await once.answer(connection, view, 201, location=location)


@router.put("/devices/{dev_eui}/assignments/{assignment_id}")
async def correct_assignment(
    request: Request,
    dev_eui: RegisteredEui,
    assignment_id: AssignmentId,
    body: AssignmentWrite,
    principal: Writer,
    *,
    if_match: IfMatch = None,
) -> AssignmentView:
    """Correct a period, or end it with `valid_to`; stored uplinks follow the correction."""
    device, author = dev_eui.lower(), author_of(principal, body.note)
    wanted = body.period(assignment_id)
    async with writing(request) as connection:
        entry = await _entry_with(connection, device, assignment_id)
        check_preconditions(entry, if_match)
        _refuse_retired(entry, wanted)
        left = periods.drop(entry.history, assignment_id)
        step = await _write(connection, entry, _add(left, wanted), author)
        return await _stored(connection, step, wanted, author)


@router.delete("/devices/{dev_eui}/assignments/{assignment_id}", status_code=204)
async def remove_assignment(
    request: Request,
    dev_eui: RegisteredEui,
    assignment_id: AssignmentId,
    principal: Writer,
    *,
    if_match: IfMatch = None,
) -> None:
    """Remove a period that never was; what was observed in it is withdrawn."""
    device, author = dev_eui.lower(), author_of(principal)
    async with writing(request) as connection:
        entry = await _entry_with(connection, device, assignment_id)
        check_preconditions(entry, if_match)
        await _write(connection, entry, periods.drop(entry.history, assignment_id), author)


async def _entry_with(connection: Any, device: str, assignment_id: int) -> Entry:
    entry = await registered_entry(connection, device)
    if all(each.number != assignment_id for each in entry.history):
        raise NotFound(f"device {device} has no assignment {assignment_id}")
    return entry


def _refuse_retired(entry: Entry, wanted: Period) -> None:
    if entry.retired_at is not None and wanted.end > entry.retired_at:
        raise Retired(f"since {entry.retired_at.isoformat()}; reinstate it first")


def _add(history: History, wanted: Period) -> History:
    try:
        return periods.add(history, wanted)
    except OverlapError as error:
        raise AssignmentOverlap(str(error)) from error
    except NotInOrderError as error:
        raise invalid("valid_to", str(error)) from error


async def _write(connection: Any, entry: Entry, history: History, author: Author) -> Step:
    step = replaced(entry, history, by=Owner.OPERATOR)
    await write(connection, [step], author)
    return step


async def _stored(connection: Any, step: Step, wanted: Period, author: Author) -> AssignmentView:
    rows = await storage.of_device(connection, step.after.dev_eui)
    view = next(_view(row) for row in rows if row["valid_from"] == wanted.valid_from)
    view.warnings = [str(each) for each in await shared_bays(connection, [step], author.at)]
    return view


def _view(row: Any) -> AssignmentView:
    stored = dict(row)
    kind, asset_id = stored.pop("asset_kind"), stored.pop("asset_id")
    return AssignmentView(
        **stored,
        asset=WatchedView(kind=kind, id=asset_id),
        observation_kinds=observation_kinds(kind, stored["observes"]),
    )
