# SPDX-License-Identifier: EUPL-1.2
"""Replays: asked for, watched, stopped and taken up again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.problem import Conflict, NotFound
from uplink_decoder.api.replay_request import ReplayRequest, refuse_unknown_codec
from uplink_decoder.storage import replays as storage

router = APIRouter(prefix="/v1/replays", tags=["replays"])

MAX_ID = (1 << 63) - 1
SHOWN_EXAMPLES = 20
CSV_COLUMNS = ("uplink_id", "dev_eui", "observed_at", "field", "change", "before", "after")
ReplayId = Annotated[int, Path(ge=1, le=MAX_ID)]
State = Literal["queued", "running", "done", "cancelled", "failed"]
Kind = Literal["manual", "registration", "assignment", "quarantine"]
CallerOf = Annotated[Principal, require("replay")]


class ObservationCounts(BaseModel):
    """How observations relate to those stored before."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0


class Counts(BaseModel):
    """Uplinks by how they differ; `failed` is refused by the codec, whatever it was before.

    A replay of quarantined messages counts `messages`, `resolved` and `still_failing` instead.
    """

    uplinks: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0
    failed: int = 0
    observations: ObservationCounts
    messages: int = 0
    resolved: int = 0
    still_failing: int = 0


class FieldCounts(BaseModel):
    """In how many uplinks one field differs."""

    field: str
    new: int = 0
    changed: int = 0
    gone: int = 0


class Difference(BaseModel):
    """One field of one uplink, before and after; null where it is absent."""

    uplink_id: str
    dev_eui: str
    observed_at: datetime
    field: str
    change: Literal["new", "changed", "gone"]
    before: Any
    after: Any


class ReplayView(BaseModel):
    """One replay; `progress` is the share of its messages that is done, else of its time span."""

    replay_id: int
    kind: Kind
    state: State
    dry_run: bool
    filter: dict[str, Any]
    codec_id: str | None
    codec_version: int | None
    requested_by: str
    author_role: str | None
    note: str | None
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None
    position: datetime | None
    progress: float
    total: int | None
    counts: Counts
    error: str | None


class ReplayReport(ReplayView):
    """One replay with what it found: counts per field and the first differences."""

    fields: list[FieldCounts]
    examples: list[Difference]
    differences_kept: int


class _Before(BaseModel):
    replay_id: int


class _After(BaseModel):
    number: int


@router.post("", status_code=202, response_model=ReplayView)
async def start_replay(
    request: Request, body: ReplayRequest, once: Idempotent, caller: CallerOf
) -> Response:
    """Queue a replay; with `dry_run` it only reports what would differ."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if repeated := await once.recall(connection):
            return repeated
        await refuse_unknown_codec(connection, body)
        view = replay_view(await storage.create(connection, body.asked_by(str(caller))))
        location = f"/v1/replays/{view.replay_id}"
        return await once.answer(connection, view, 202, location=location)


@router.get("", dependencies=[require("replay")])
async def list_replays(
    request: Request,
    state: State | None = None,
    kind: Kind | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ReplayView]:
    """List replays, the newest first; those the decoder began itself too."""
    position = decode_cursor(cursor, _Before)
    before = min(max(position.replay_id, 0), MAX_ID) if position else MAX_ID
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_replays(
            connection, state=state, kind=kind, before=before, limit=limit + 1
        )
    items = [replay_view(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    return Page(items=items, next_cursor=encode_cursor(_Before(replay_id=items[-1].replay_id)))


@router.get("/{replay_id}", dependencies=[require("replay")])
async def get_replay(request: Request, replay_id: ReplayId) -> ReplayReport:
    """Return a replay with its progress and report."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        row = await _row(connection, replay_id)
        found = await storage.differences(connection, replay_id, after=0, limit=SHOWN_EXAMPLES)
    return replay_report(row, found)


@router.get("/{replay_id}/differences", dependencies=[require("replay")])
async def list_differences(
    request: Request, replay_id: ReplayId, limit: Limit = 100, cursor: Cursor = None
) -> Page[Difference]:
    """List what differs, in the order of finding; the first 10,000 are kept."""
    position = decode_cursor(cursor, _After)
    after = min(max(position.number, 0), (1 << 31) - 1) if position else 0
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await _row(connection, replay_id)
        rows = await storage.differences(connection, replay_id, after=after, limit=limit + 1)
    items = [_difference(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    return Page(items=items, next_cursor=encode_cursor(_After(number=rows[limit - 1]["number"])))


@router.get(
    "/{replay_id}/differences.csv",
    dependencies=[require("replay")],
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def download_differences(request: Request, replay_id: ReplayId) -> Response:
    """Return what differs as CSV; before and after are JSON."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await _row(connection, replay_id)
        rows = await storage.differences(connection, replay_id, after=0, limit=(1 << 31) - 1)
    name = f'attachment; filename="replay-{replay_id}.csv"'
    return Response(_csv(rows), media_type="text/csv", headers={"content-disposition": name})


@router.post("/{replay_id}:cancel", dependencies=[require("replay")])
async def cancel_replay(request: Request, replay_id: ReplayId) -> ReplayView:
    """Stop a replay where it is; what it did stays done."""
    return await _move(request, replay_id, "cancelled", ("queued", "running"))


@router.post("/{replay_id}:resume", status_code=202, dependencies=[require("replay")])
async def resume_replay(request: Request, replay_id: ReplayId) -> ReplayView:
    """Take up a cancelled or failed replay where it stopped."""
    return await _move(request, replay_id, "queued", ("cancelled", "failed"))


async def _move(request: Request, replay_id: int, to: str, of: tuple[str, ...]) -> ReplayView:
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        row = await storage.move(connection, replay_id, to=to, of=of)
        if row is None:
            state = (await _row(connection, replay_id))["state"]
            raise Conflict(f"replay {replay_id} is {state}", state=state)
    return replay_view(row)


async def _row(connection: Any, replay_id: int) -> Any:
    row = await storage.get(connection, replay_id)
    if row is None:
        raise NotFound(f"there is no replay {replay_id}")
    return row


def replay_view(row: Any) -> ReplayView:
    """Return a replay as clients see it."""
    counts: dict[str, int] = orjson.loads(row["counts"])
    of_observations = {
        name.removeprefix("observations_"): counts.pop(name)
        for name in list(counts)
        if name.startswith("observations_")
    }
    return ReplayView(
        **{name: row[name] for name in _AS_STORED},
        filter=orjson.loads(row["filter"]),
        position=row["position_at"],
        progress=_progress(row),
        counts=Counts(**counts, observations=ObservationCounts(**of_observations)),
    )


def replay_report(row: Any, found: Iterable[Any]) -> ReplayReport:
    """Return a replay with what it found, as clients see it."""
    fields = sorted(orjson.loads(row["fields"]).items())
    return ReplayReport(
        **replay_view(row).model_dump(),
        fields=[FieldCounts(field=name, **counts) for name, counts in fields],
        examples=[_difference(each) for each in found],
        differences_kept=row["differences"],
    )


def _progress(row: Any) -> float:
    if row["state"] == "done":
        return 1.0
    if row["total"]:
        done: int = orjson.loads(row["counts"]).get("messages", 0)
        return min(1.0, done / int(row["total"]))
    begin, at = row["from_at"], row["position_at"]
    if begin is None or at is None:
        return 0.0
    given = orjson.loads(row["filter"]).get("to_time")
    end = datetime.fromisoformat(given) if given else row["created_at"]
    span = (end - begin).total_seconds()
    return min(1.0, max(0.0, (at - begin).total_seconds() / span)) if span > 0 else 0.0


def _difference(row: Any) -> Difference:
    names = ("dev_eui", "observed_at", "field", "change")
    return Difference(
        uplink_id=str(row["uplink_id"]),
        before=orjson.loads(row["before"]) if row["before"] else None,
        after=orjson.loads(row["after"]) if row["after"] else None,
        **{name: row[name] for name in names},
    )


def _csv(rows: Iterable[Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        writer.writerow(
            row[name].isoformat() if name == "observed_at" else row[name] for name in CSV_COLUMNS
        )
    return text.getvalue()


_AS_STORED = (
    "replay_id",
    "kind",
    "state",
    "dry_run",
    "codec_id",
    "codec_version",
    "requested_by",
    "author_role",
    "note",
    "created_at",
    "started_at",
    "updated_at",
    "finished_at",
    "total",
    "error",
)
