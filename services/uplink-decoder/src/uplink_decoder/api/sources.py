# SPDX-License-Identifier: EUPL-1.2
"""Where messages come from, and how each source is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Problem
from uplink_decoder.domain.source_health import FRESH, Noted, Status, health
from uplink_decoder.sources import AssetKind, Grant, Source, SourceTable
from uplink_decoder.storage import sources as storage

router = APIRouter(prefix="/v1/sources", tags=["sources"])


class UnknownSource(Problem):
    """`sources.yaml` names no such source."""

    status, code, title = 404, "unknown_source", "There is no such source"


class GrantView(BaseModel):
    """Assets that a source may speak for; null is no restriction."""

    kinds: list[AssetKind] | None
    assets: list[str] | None


class InstanceView(BaseModel):
    """How the source is as one decoder sees it; `active` while that decoder runs."""

    instance: str
    active: bool
    connected: bool
    since: datetime
    last_message_at: datetime | None
    last_error: str | None = Field(description="also of before it was connected")
    last_error_at: datetime | None
    received: int = Field(description="since that decoder started")
    received_per_s: float
    backlog: int


class SourceView(BaseModel):
    """One source of `sources.yaml`, all decoders together; never a secret."""

    source_id: str
    dialect: Literal["chirpstack", "tts", "canonical"]
    broker: str | None = Field(description="`platform`, the partner's host and port, or none")
    topics: list[str]
    webhook: bool
    simulated: bool
    rights: Literal["all"] | list[GrantView]
    status: Status = Field(description="unknown where no decoder runs")
    connected: bool
    since: datetime | None
    last_message_at: datetime | None = Field(description="to the second")
    silent_after_s: int | None
    last_error: str | None = Field(description="of a decoder that is not connected")
    last_error_at: datetime | None
    received_per_s: float = Field(description="over the last ten seconds")
    backlog: int = Field(description="received on its connection and not taken up")
    instances: list[InstanceView]


class SourceList(BaseModel):
    """All sources, in the order of the file."""

    items: list[SourceView]
    next_cursor: None = None


@router.get("", dependencies=[require("uplinks:read")])
async def list_sources(request: Request) -> SourceList:
    """List all sources with how they are, as of at most two seconds ago."""
    sources: SourceTable = request.app.state.sources
    notes = await _notes(request)
    now = utc_now()
    return SourceList(
        items=[_view(each, notes.get(each.source_id, []), now) for each in sources.sources]
    )


@router.get("/{source_id}", dependencies=[require("uplinks:read")])
async def read_source(
    request: Request, source_id: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$")]
) -> SourceView:
    """Tell how one source is."""
    sources: SourceTable = request.app.state.sources
    source = next((each for each in sources.sources if each.source_id == source_id), None)
    if source is None:
        raise UnknownSource(f"sources.yaml does not name {source_id!r}")
    return _view(source, (await _notes(request)).get(source_id, []), utc_now())


async def _notes(request: Request) -> dict[str, list[Noted]]:
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return await storage.read(connection)


def _view(source: Source, notes: list[Noted], now: datetime) -> SourceView:
    found = health(notes, now, silence_limit_s=source.silence_limit_s)
    return SourceView(
        source_id=source.source_id,
        dialect=source.dialect,
        broker=source.broker_name if source.topics else None,
        topics=list(source.topics),
        webhook=source.secret() is not None,
        simulated=source.simulated,
        rights=_rights(source.rights),
        connected=found.status in {Status.CONNECTED, Status.SILENT},
        silent_after_s=source.silence_limit_s,
        instances=[_instance(note, now) for note in notes],
        **found._asdict(),
    )


def _rights(
    rights: Literal["all"] | tuple[Grant, ...] | None,
) -> Literal["all"] | list[GrantView]:
    if rights is None or rights == "all":
        return "all"
    return [GrantView.model_validate(grant.model_dump()) for grant in rights]


def _instance(note: Noted, now: datetime) -> InstanceView:
    fields = note._asdict()
    fields.pop("source_id")
    noted_at = fields.pop("noted_at")
    return InstanceView(instance=fields.pop("writer"), active=now - noted_at <= FRESH, **fields)
