# SPDX-License-Identifier: EUPL-1.2
"""What a person decides about quarantined messages: try them again, or give them up."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints, model_validator

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.problem import Conflict
from uplink_decoder.api.quarantine import not_found
from uplink_decoder.api.replay_request import MAX_DEVICES, DevEui, Moment, Note, Word
from uplink_decoder.api.replays import ReplayView, replay_view
from uplink_decoder.domain.selection import Selection
from uplink_decoder.storage import quarantine_retries, quarantine_states, replays
from uplink_decoder.storage.quarantine_states import Author

router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"])

MAX_IDS = 10_000
Caller = Annotated[Principal, require("quarantine")]
Why = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$"),
]


class QuarantineFilter(WriteModel):
    """Which open messages; all that is given must hold, the period is of the last receipt."""

    reason: Word | None = None
    source: Word | None = None
    codec_id: Word | None = None
    dev_euis: Annotated[list[DevEui], Field(min_length=1, max_length=MAX_DEVICES)] | None = None
    quarantine_ids: Annotated[list[uuid.UUID], Field(min_length=1, max_length=MAX_IDS)] | None = (
        None
    )
    from_time: Moment | None = Field(default=None, alias="from")
    to_time: Moment | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> QuarantineFilter:
        if self.from_time and self.to_time and self.from_time >= self.to_time:
            raise ValueError("from must be before to")
        return self

    def selection(self) -> Selection:
        """Return it as the domain has it."""
        return Selection(
            reason=self.reason,
            source=self.source,
            codec_id=self.codec_id,
            dev_euis=tuple(dict.fromkeys(self.dev_euis or ())),
            quarantine_ids=tuple(dict.fromkeys(str(each) for each in self.quarantine_ids or ())),
            from_time=self.from_time,
            to_time=self.to_time,
        )


class RetryOne(WriteModel):
    """Who wants a message tried again."""

    author_role: Word | None = None
    note: Note | None = None


class RetryMany(RetryOne):
    """Which messages to try again; an empty filter is all that are open."""

    filter: QuarantineFilter = QuarantineFilter()


class DiscardOne(WriteModel):
    """In which role somebody gives a message up, and why."""

    author_role: Word
    reason: Why


class DiscardMany(DiscardOne):
    """Which messages to give up; the filter must name something."""

    filter: QuarantineFilter

    @model_validator(mode="after")
    def _names_something(self) -> DiscardMany:
        if not self.filter.selection().document():
            raise ValueError("the filter must name at least one thing")
        return self


class Discarded(BaseModel):
    """How many messages were given up."""

    discarded: int


@router.post("/{quarantine_id}:retry", status_code=202, response_model=ReplayView)
async def retry_one(
    request: Request,
    quarantine_id: uuid.UUID,
    once: Idempotent,
    caller: Caller,
    body: RetryOne | None = None,
) -> Response:
    """Have one message go through the pipeline again; the answer is the work that does it."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if repeated := await once.recall(connection):
            return repeated
        await _refuse_decided(connection, quarantine_id)
        selection = Selection(quarantine_ids=(str(quarantine_id),))
        return await _queue(connection, once, selection, caller, body or RetryOne())


@router.post(":retry", status_code=202, response_model=ReplayView)
async def retry_many(
    request: Request, body: RetryMany, once: Idempotent, caller: Caller
) -> Response:
    """Have all open messages of a filter go through the pipeline again, in the background."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if repeated := await once.recall(connection):
            return repeated
        return await _queue(connection, once, body.filter.selection(), caller, body)


@router.post("/{quarantine_id}:discard")
async def discard_one(
    request: Request, quarantine_id: uuid.UUID, body: DiscardOne, caller: Caller
) -> Discarded:
    """Give one message up for good; its bytes stay as long as those of all others."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        await _refuse_decided(connection, quarantine_id)
        selection = Selection(quarantine_ids=(str(quarantine_id),))
        count = await quarantine_states.discard(connection, selection, _author(caller, body))
    return Discarded(discarded=count)


@router.post(":discard")
async def discard_many(request: Request, body: DiscardMany, caller: Caller) -> Discarded:
    """Give all open messages of a filter up for good."""
    database: Database = request.app.state.database
    selection = body.filter.selection()
    async with database.transaction() as connection:
        count = await quarantine_states.discard(connection, selection, _author(caller, body))
    return Discarded(discarded=count)


async def _queue(
    connection: Any, once: Idempotent, selection: Selection, caller: Principal, body: RetryOne
) -> Response:
    work = replays.Request(
        kind="quarantine",
        selection=selection,
        requested_by=str(caller),
        author_role=body.author_role,
        note=body.note,
        total=await quarantine_retries.count_open(connection, selection),
    )
    view = replay_view(await replays.create(connection, work))
    return await once.answer(connection, view, 202, location=f"/v1/replays/{view.replay_id}")


async def _refuse_decided(connection: Any, quarantine_id: uuid.UUID) -> None:
    """Raise a problem where the message is not there, or somebody decided already."""
    found = await quarantine_retries.states(connection, [quarantine_id])
    if quarantine_id not in found:
        raise not_found(quarantine_id)
    state = found[quarantine_id]
    if state != "open":
        raise Conflict(f"message {quarantine_id} is {state}", state=state)


def _author(caller: Principal, body: DiscardOne) -> Author:
    return Author(str(caller), body.author_role, body.reason)
