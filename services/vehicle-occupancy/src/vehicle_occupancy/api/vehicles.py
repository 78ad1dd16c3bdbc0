# SPDX-License-Identifier: EUPL-1.2
"""Vehicles now: levels for everybody, numbers for the entitled."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from stadttakt_messages.states import VehicleState
from stadttakt_runtime.auth.dependencies import OPEN
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import NotFound, ValidationFailed
from vehicle_occupancy import wire
from vehicle_occupancy.api.polled import UNCHANGED
from vehicle_occupancy.api.present import CallersView, PresentBoard
from vehicle_occupancy.board import Board
from vehicle_occupancy.domain.report import Report, as_of
from vehicle_occupancy.entity import Entity, View

UNKNOWN_ID: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of this id"}}
PUBLIC_CACHE = {"cache-control": "no-cache", "vary": "authorization"}
PRIVATE_CACHE = {"cache-control": "no-store", "vary": "authorization"}

router = APIRouter(prefix="/v1/vehicles", tags=["vehicles"], responses=UNCHANGED)

ChangedSince = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="only what was shown anew since this `changes_cursor` (or `next_cursor` of"
        " such an answer), in that order; empty: everything",
    ),
]
Line = Annotated[
    str | None,
    Query(max_length=100, description="only vehicles on this line; not with `changed_since`"),
]


class VehiclePage(Page[VehicleState]):
    """One page of vehicles, and where their changes go on."""

    changes_cursor: str = Field(description="for `changed_since`: what changes after this answer")


class AfterId(BaseModel):
    """A place in the list by id."""

    model_config = ConfigDict(extra="forbid")
    after_id: str


class AfterChange(BaseModel):
    """A place in the changes of a view."""

    model_config = ConfigDict(extra="forbid")
    view: View
    after_change: int


class Listing:
    """One request for the list."""

    def __init__(
        self,
        limit: Limit = 100,
        cursor: Cursor = None,
        changed_since: ChangedSince = None,
        line: Line = None,
    ) -> None:
        self.limit = limit
        self.cursor = cursor
        self.changed_since = changed_since
        self.line = line
        if line is not None and changed_since is not None:
            wrong = {"in": "query", "field": "line", "code": "not_with_changed_since"}
            detail = "changes are of all vehicles: of one line they would not tell who has left it"
            raise ValidationFailed([{**wrong, "detail": detail}])

    def respond(self, request: Request, board: Board, view: View) -> Response:
        """Answer with one page of vehicles, in the order of their ids or of their changes."""
        now = utc_now()
        # Taken before anything is read: what changes later comes with the next call.
        latest = encode_cursor(AfterChange(view=view, after_change=board.change_no[view]))
        if self.changed_since is None:
            found, more = self._take(board, self._by_id(board, view), now)
            cursor = encode_cursor(AfterId(after_id=found[-1][0].id)) if more else None
        else:
            found, more = self._take(
                board, board.changed_since(view, self._since(board, view)), now
            )
            number = board.mark(found[-1][0]).change_no if more else board.change_no[view]
            cursor = encode_cursor(AfterChange(view=view, after_change=number))
        modified = max((report.computed_at for _, report in found), default=now)
        headers = PUBLIC_CACHE if view == "vehicle" else PRIVATE_CACHE
        return respond(
            request, _page(found, cursor, latest), last_modified=modified, headers=headers
        )

    def _by_id(self, board: Board, view: View) -> Iterable[Entity]:
        position = decode_cursor(self.cursor, AfterId)
        start = bisect_right(board.ids, position.after_id) if position else 0
        return (Entity(view, board.ids[index]) for index in range(start, len(board.ids)))

    def _since(self, board: Board, view: View) -> int:
        if not self.changed_since:
            return 0
        position = decode_cursor(self.changed_since, AfterChange, parameter="changed_since")
        # A cursor of the other view, or from before the database was restored, starts anew.
        known = position is not None and position.view == view
        within = position is not None and position.after_change <= board.change_no[view]
        return position.after_change if position is not None and known and within else 0

    def _take(
        self, board: Board, entities: Iterable[Entity], now: datetime
    ) -> tuple[list[tuple[Entity, Report]], bool]:
        found: list[tuple[Entity, Report]] = []
        for entity in entities:
            report = board.report(entity)
            if report is None or self.line not in (None, report.serves.line):
                continue
            if len(found) == self.limit:
                return found, True
            found.append((entity, as_of(report, now)))
        return found, False


def _page(found: Sequence[tuple[Entity, Report]], cursor: str | None, latest: str) -> bytes:
    items = b",".join(wire.body(report) for _, report in found)
    next_cursor = f'"{cursor}"' if cursor else "null"
    end = f'],"next_cursor":{next_cursor},"changes_cursor":"{latest}"}}'
    return b'{"items":[' + items + end.encode()


@router.get("", summary="All vehicles now", response_model=VehiclePage, openapi_extra=OPEN)
async def vehicles(
    request: Request,
    board: PresentBoard,
    view: CallersView,
    listing: Annotated[Listing, made_of(Listing)],
) -> Response:
    """Levels; `load`, its bounds, `percentage` and `confidence` with scope `transit:read` only."""
    return listing.respond(request, board, view)


@router.get(
    "/{vehicle_id}",
    summary="One vehicle now",
    response_model=VehicleState,
    responses=UNKNOWN_ID,
    openapi_extra=OPEN,
)
async def vehicle(
    request: Request, board: PresentBoard, view: CallersView, vehicle_id: str
) -> Response:
    """`NO_DATA_AVAILABLE` and no level where nothing was counted for too long."""
    report = board.report(Entity(view, vehicle_id))
    if report is None:
        raise NotFound(f"there is no vehicle {vehicle_id}")
    shown = as_of(report, utc_now())
    headers = PUBLIC_CACHE if view == "vehicle" else PRIVATE_CACHE
    return respond(request, wire.body(shown), last_modified=shown.computed_at, headers=headers)
