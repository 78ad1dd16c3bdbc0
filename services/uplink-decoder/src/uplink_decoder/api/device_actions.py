# SPDX-License-Identifier: EUPL-1.2
"""What happens to a device: swapped, retired, reinstated, given back to the folder; who did what."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.database import Database
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
from stadttakt_runtime.http.problem import Conflict
from uplink_decoder.api.device_put import RegisteredEui, device_answer
from uplink_decoder.api.device_views import DeviceView, device_view
from uplink_decoder.api.device_writing import (
    AssignmentOverlap,
    IfMatch,
    Writer,
    author_of,
    check_codec,
    check_preconditions,
    invalid,
    registered_entry,
    writing,
)
from uplink_decoder.api.devices import DevEui
from uplink_decoder.api.replay_request import Moment, Note
from uplink_decoder.domain.periods import OverlapError
from uplink_decoder.domain.registration import (
    Action,
    Entry,
    Owner,
    Step,
    reinstate,
    retire,
    settled,
)
from uplink_decoder.domain.swap import NothingToSwapError, swap
from uplink_decoder.registry import fields as of
from uplink_decoder.registry.writing import write
from uplink_decoder.storage import assignments, devices, registry
from uplink_decoder.storage.registry import Author

router = APIRouter(prefix="/v1/devices", tags=["devices"])


class NothingToSwap(Conflict):
    """The device's place cannot be taken at that time."""

    code, title = "nothing_to_swap", "There is nothing to take over at that time"


class NotInFolder(Conflict):
    """No folder could take it over."""

    code, title = "not_in_city_folder", "The city folder has no line for it"


class Reason(WriteModel):
    """Why, for who reads the changes later."""

    note: Note | None = None


class Swap(WriteModel):
    """Another device takes the place; `name` and `codec_id` where it differs from the old one."""

    replacement: of.DevEui
    at: Moment | None = Field(None, description="when it took place; left out: now")
    retire: bool = Field(default=True, description="retire the old device at that time")
    name: of.Name | None = None
    codec_id: of.CodecId | None = None
    note: Note | None = None


class SwapView(BaseModel):
    """Both devices after a swap."""

    old: DeviceView
    new: DeviceView


class ChangeView(BaseModel):
    """One write: who, when, and the fields that differ; `before` empty where it was new."""

    change: int
    at: datetime
    action: Action
    author: str
    note: str | None
    before: dict[str, Any]
    after: dict[str, Any]


class _Before(BaseModel):
    change: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


@router.post("/{dev_eui}:swap", response_model=SwapView)
async def swap_device(
    request: Request,
    dev_eui: RegisteredEui,
    body: Swap,
    once: Idempotent,
    principal: Writer,
    *,
    if_match: IfMatch = None,
) -> Response:
    """Let another device take this one's place: it watches the same asset from a time on.

    A replacement that nobody registered is described like the old device. Late uplinks of the old
    one still go to the asset; stored uplinks after a past time are decoded again.
    """
    author = author_of(principal, body.note)
    if (body.at or author.at) > author.at:
        raise invalid("at", "lies in the future; plan it with assignments")
    async with writing(request) as connection:
        if known := await once.recall(connection):
            return known
        old = await registered_entry(connection, dev_eui.lower())
        check_preconditions(old, if_match)
        await check_codec(connection, body.codec_id)
        steps = await _swapped(connection, old, body, author)
        await write(connection, steps, author)
        euis = [step.after.dev_eui for step in steps]
        rows = {row["dev_eui"]: row for row in await _rows(connection, author, euis)}
        views = [device_view(rows[name]) for name in euis]
        return await once.answer(connection, SwapView(old=views[0], new=views[1]), 200)


async def _rows(connection: Any, author: Author, euis: list[str]) -> list[Any]:
    return await devices.get_devices(connection, now=author.at, euis=euis)


async def _swapped(connection: Any, old: Entry, body: Swap, author: Author) -> tuple[Step, Step]:
    if body.replacement == old.dev_eui:
        raise invalid("replacement", "is the same device")
    new = (await registry.read_entries(connection, [body.replacement])).get(body.replacement)
    given = {"name": body.name, "codec_id": body.codec_id}
    try:
        return swap(
            old,
            body.replacement,
            new,
            at=body.at or author.at,
            by=Owner.OPERATOR,
            is_retired=body.retire,
            fields={name: value for name, value in given.items() if value is not None},
        )
    except NothingToSwapError as error:
        raise NothingToSwap(str(error)) from error
    except OverlapError as error:
        raise AssignmentOverlap(str(error)) from error


@router.post("/{dev_eui}:retire", response_model=DeviceView)
async def retire_device(
    request: Request,
    dev_eui: RegisteredEui,
    body: Reason,
    principal: Writer,
    *,
    if_match: IfMatch = None,
) -> Response:
    """Take a device out of service; again, it changes nothing.

    What it watches ends. What it still sends is stored and decoded, and means nothing.
    """
    author = author_of(principal, body.note)
    async with writing(request) as connection:
        entry = await registered_entry(connection, dev_eui.lower())
        check_preconditions(entry, if_match)
        step = settled(entry, retire(entry, author.at), by=Owner.OPERATOR)
        await write(connection, [step], author)
        return await device_answer(connection, step, author)


@router.post("/{dev_eui}:reinstate", response_model=DeviceView)
async def reinstate_device(
    request: Request,
    dev_eui: RegisteredEui,
    body: Reason,
    principal: Writer,
    *,
    if_match: IfMatch = None,
) -> Response:
    """Bring a retired device back, watching what it watched as if it had never left."""
    author = author_of(principal, body.note)
    async with writing(request) as connection:
        entry = await registered_entry(connection, dev_eui.lower())
        check_preconditions(entry, if_match)
        step = settled(entry, reinstate(entry), by=Owner.OPERATOR)
        await write(connection, [step], author)
        return await device_answer(connection, step, author)


@router.post("/{dev_eui}:release", response_model=DeviceView)
async def release_device(
    request: Request, dev_eui: RegisteredEui, body: Reason, principal: Writer
) -> Response:
    """Give a device back to the city folder: the next apply makes it what its line says."""
    author = author_of(principal, body.note)
    async with writing(request) as connection:
        entry = await registered_entry(connection, dev_eui.lower())
        if not entry.in_folder:
            raise NotInFolder("the last apply had no line for it")
        step = Step(Action.RELEASED, entry, replace(entry, owner=Owner.CITY))
        if entry.owner == Owner.CITY:
            step = Step(Action.UNCHANGED, entry, entry)
        await write(connection, [step], author)
        return await device_answer(connection, step, author)


@router.get("/{dev_eui}/changes", dependencies=[require("devices:read")])
async def list_changes(
    request: Request, dev_eui: DevEui, limit: Limit = 100, cursor: Cursor = None
) -> Page[ChangeView]:
    """List who changed what of a device, the newest first; of a deleted one too."""
    position = decode_cursor(cursor, _Before)
    before = position.change if position else HIGHEST_NUMBER
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await assignments.list_changes(
            connection, dev_eui=dev_eui.lower(), before=before, limit=limit + 1
        )
    items = [_change(row) for row in rows[:limit]]
    more = len(rows) > limit
    following = encode_cursor(_Before(change=items[-1].change)) if more else None
    return Page(items=items, next_cursor=following)


def _change(row: Any) -> ChangeView:
    stored = dict(row)
    for name in ("before", "after"):
        stored[name] = orjson.loads(stored[name])
    return ChangeView(**stored)
