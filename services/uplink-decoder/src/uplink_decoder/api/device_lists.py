# SPDX-License-Identifier: EUPL-1.2
"""`GET /v1/devices`: in pages by EUI, what changed since a cursor, or all as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, decode_cursor, encode_cursor
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import ValidationFailed
from uplink_decoder.api.device_views import DeviceView, device_view
from uplink_decoder.api.series_answer import CSV, wants_csv
from uplink_decoder.registry.lines import write_lines
from uplink_decoder.storage import device_lists as storage
from uplink_decoder.storage import registry
from uplink_decoder.storage.device_lists import DeviceFilter, export_row

router = APIRouter(prefix="/v1/devices", tags=["devices"])

EXPORT_AT_ONCE = 500
HEADERS = {"cache-control": "no-cache", "vary": "accept"}
Word = Annotated[str, Query(min_length=1, max_length=257, pattern=r"^[^\x00]+$")]


class DevicePage(BaseModel):
    """One page of devices; `deleted` only with `changed_since`."""

    items: list[DeviceView]
    next_cursor: str | None = Field(
        None, description="null on the last page; with `changed_since` never null"
    )
    changes_cursor: str = Field(description="for `changed_since`: what changes after this answer")
    deleted: list[str] = Field([], description="EUIs of devices that are gone since")


class _AfterDevice(BaseModel):
    dev_eui: str


class _AfterChange(BaseModel):
    change: Annotated[int, Field(ge=0, lt=2**63)]


class Wanted:
    """The filters of a list."""

    def __init__(  # noqa: PLR0913 (one query parameter each)
        self,
        *,
        status: Literal["active", "silent", "unknown", "retired"] | None = None,
        codec: Word | None = None,
        tag: Annotated[
            list[Word], Query(max_length=10, description="`key` or `key=value`; all must hold")
        ] = [],  # noqa: B006 (FastAPI copies it)
        asset: Annotated[
            Word | None, Query(description="`bay/<id>`, or `bay` for any: what it watches now")
        ] = None,
        source: Annotated[Word | None, Query(description="where it was last heard")] = None,
        text: Annotated[
            Word | None, Query(description="part of EUI, name, maker, model or description")
        ] = None,
        owner: Literal["city", "operator"] | None = None,
    ) -> None:
        _check_tags(tag)
        kind, _, asset_id = (asset or "").partition("/")
        self.devices = DeviceFilter(
            status=status,
            codec_id=codec,
            tags=tuple(tag),
            asset_kind=kind or None,
            asset_id=asset_id or None,
            source=source,
            text=text,
            owner=owner,
        )


def _check_tags(tags: Sequence[str]) -> None:
    """Raise a 422 problem for what can be no tag, rather than find nothing."""
    for tag in tags:
        key, _, value = tag.partition("=")
        if not key.strip() or ";" in key + value:
            detail = f"{tag!r} is neither key=value nor the key alone; `;` has no place in a tag"
            error = {"in": "query", "field": "tag", "detail": detail, "code": "invalid_tag"}
            raise ValidationFailed([error])


ChangedSince = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="`changes_cursor` of an earlier answer: only what was written since, in that"
        " order; empty: everything. What only sent and is not registered is no change",
    ),
]


@router.get(
    "",
    dependencies=[require("devices:read")],
    response_model=DevicePage,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
async def list_devices(
    request: Request,
    wanted: Annotated[Wanted, made_of(Wanted)],
    changed_since: ChangedSince = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List devices by EUI; `status=unknown` are those that send and nobody registered.

    With `Accept: text/csv` all registered ones of the filter, not in pages, in the form that
    `POST /v1/devices:import` takes.
    """
    database: Database = request.app.state.database
    if wants_csv(request.headers.get("accept", "")):
        name = "attachment; filename=devices.csv"
        headers = {**HEADERS, "content-disposition": name}
        return StreamingResponse(
            _export(database, wanted.devices), headers=headers, media_type=f"{CSV}; charset=utf-8"
        )
    if changed_since is None:
        page = await _page_by_eui(database, wanted.devices, limit, cursor)
    else:
        page = await _changes(database, wanted.devices, limit, cursor or changed_since)
    body = page.model_dump_json().encode()
    return respond(request, body, last_modified=utc_now(), headers=HEADERS)


async def _page_by_eui(
    database: Database, wanted: DeviceFilter, limit: int, cursor: str | None
) -> DevicePage:
    position = decode_cursor(cursor, _AfterDevice)
    after = position.dev_eui if position else ""
    async with database.connection() as connection:
        # Taken before anything is read: what changes later comes with the next call.
        newest = await registry.newest_change(connection)
        rows = await storage.list_devices(
            connection, wanted, now=utc_now(), after=after, limit=limit + 1
        )
    items = [device_view(row) for row in rows[:limit]]
    more = len(rows) > limit
    return DevicePage(
        items=items,
        next_cursor=encode_cursor(_AfterDevice(dev_eui=items[-1].dev_eui)) if more else None,
        changes_cursor=encode_cursor(_AfterChange(change=newest)),
    )


async def _changes(database: Database, wanted: DeviceFilter, limit: int, since: str) -> DevicePage:
    position = decode_cursor(since or None, _AfterChange, parameter="changed_since")
    after = position.change if position else 0
    async with database.connection() as connection:
        found = await storage.changed_devices(
            connection, wanted, now=utc_now(), after=after, limit=limit
        )
    last = encode_cursor(_AfterChange(change=found.last_change))
    return DevicePage(
        items=[device_view(row) for row in found.rows],
        next_cursor=last,
        changes_cursor=last,
        deleted=found.gone,
    )


async def _export(database: Database, wanted: DeviceFilter) -> AsyncIterator[str]:
    """Yield the lines of all devices, a few at a time, each with a connection of its own.

    A slow client would otherwise keep one that live traffic needs.
    """
    wanted = replace(wanted, is_registered=True)
    after, header = "", True
    while True:
        async with database.connection() as connection:
            rows = await storage.list_devices(
                connection, wanted, now=utc_now(), after=after, limit=EXPORT_AT_ONCE
            )
        yield write_lines((export_row(row) for row in rows), header=header)
        if len(rows) < EXPORT_AT_ONCE:
            return
        after, header = rows[-1]["dev_eui"], False
