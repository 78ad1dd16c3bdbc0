# SPDX-License-Identifier: EUPL-1.2
"""Lists of what is shown: in pages by id, or what changed since a cursor."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict

from parking_occupancy import wire
from parking_occupancy.api.sign_answers import prefers
from parking_occupancy.board import Board
from parking_occupancy.domain.bay import BayReport
from parking_occupancy.domain.lot import LotReport
from parking_occupancy.domain.sign import SignReport
from parking_occupancy.entity import Entity, Kind
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, decode_cursor, encode_cursor

Report = BayReport | LotReport | SignReport
Wanted = Callable[[Report], bool]

ChangedSince = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="only what was shown anew since this `changes_cursor` (or `next_cursor` of"
        " such an answer), in that order; empty: everything",
    ),
]
CACHE = {"cache-control": "no-cache"}
GEOJSON = b"application/geo+json"


class AfterId(BaseModel):
    """A place in a list by id."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    after_id: str


class AfterChange(BaseModel):
    """A place in the changes."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    after_change: int


class Listing:
    """One request for a list."""

    def __init__(
        self, limit: Limit = 100, cursor: Cursor = None, changed_since: ChangedSince = None
    ) -> None:
        self.limit = limit
        self.cursor = cursor
        self.changed_since = changed_since

    def respond(
        self,
        request: Request,
        board: Board,
        kind: Kind,
        wanted: Wanted,
        ids: Sequence[str] | None = None,
    ) -> Response:
        """Answer with one page of what is wanted, out of `ids` (sorted) or of all."""
        now = utc_now()
        # Taken before anything is read: what changes later comes with the next call.
        latest = encode_cursor(AfterChange(kind=kind, after_change=board.change_no))
        if self.changed_since is None:
            entities = self._page_by_id(board, kind, ids)
            found, more = self._take(board, entities, wanted, now)
            last = AfterId(kind=kind, after_id=found[-1][0].id) if more else None
            cursor = encode_cursor(last) if last else None
        else:
            entities = board.changed_since(kind, self._since(board, kind))
            found, more = self._take(board, entities, wanted, now)
            number = board.mark(found[-1][0]).change_no if more else board.change_no
            cursor = encode_cursor(AfterChange(kind=kind, after_change=number))
        modified = max((report.computed_at for _, report in found), default=now)
        body, media_type = _page(board, found, cursor, latest), "application/json"
        if kind == "bay" and prefers(request.headers.get("accept", "").encode(), GEOJSON):
            body, media_type = _features(found, cursor, latest), GEOJSON.decode()
        return respond(
            request,
            body,
            last_modified=modified,
            media_type=media_type,
            headers={**CACHE, "vary": "accept"} if kind == "bay" else CACHE,
        )

    def _page_by_id(self, board: Board, kind: Kind, ids: Sequence[str] | None) -> Iterable[Entity]:
        position = decode_cursor(self.cursor, AfterId)
        ids = board.ids[kind] if ids is None else ids
        start = bisect_right(ids, position.after_id) if position else 0
        return (Entity(kind, ids[index]) for index in range(start, len(ids)))

    def _since(self, board: Board, kind: Kind) -> int:
        if not self.changed_since:
            return 0
        position = decode_cursor(self.changed_since, AfterChange, parameter="changed_since")
        # A cursor of another list, or from before the database was restored, starts anew.
        known = position is not None and position.kind == kind
        within = position is not None and position.after_change <= board.change_no
        return position.after_change if position is not None and known and within else 0

    def _take(
        self, board: Board, entities: Iterable[Entity], wanted: Wanted, now: datetime
    ) -> tuple[list[tuple[Entity, Report]], bool]:
        found: list[tuple[Entity, Report]] = []
        for entity in entities:
            report = board.report(entity)
            if report is None:
                continue
            report = wire.as_of(board, report, now)
            if not wanted(report):
                continue
            if len(found) == self.limit:
                return found, True
            found.append((entity, report))
        return found, False


def _page(
    board: Board, found: Sequence[tuple[Entity, Report]], cursor: str | None, latest: str
) -> bytes:
    items = b",".join(
        wire.body(report, board.mark(entity).version, board.signatures) for entity, report in found
    )
    next_cursor = f'"{cursor}"' if cursor else "null"
    end = f'],"next_cursor":{next_cursor},"changes_cursor":"{latest}"}}'
    return b'{"items":[' + items + end.encode()


def _features(found: Sequence[tuple[Entity, Report]], cursor: str | None, latest: str) -> bytes:
    """Return a page of bays for maps; the cursors are foreign members (RFC 7946, section 6.1)."""
    items = b",".join(wire.feature(report) for _, report in found if isinstance(report, BayReport))
    next_cursor = f'"{cursor}"' if cursor else "null"
    end = f'],"next_cursor":{next_cursor},"changes_cursor":"{latest}"}}'
    return b'{"type":"FeatureCollection","features":[' + items + end.encode()
