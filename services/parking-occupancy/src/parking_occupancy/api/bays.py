# SPDX-License-Identifier: EUPL-1.2
"""Single bays; those that belong to a person do not exist here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from parking_occupancy import wire
from parking_occupancy.api.documents import MAP, UNCHANGED, UNKNOWN_ID, BayPage
from parking_occupancy.api.listing import CACHE, Listing, Report
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.domain.bay import BayReport
from stadttakt_messages.base import BayId, LotId
from stadttakt_messages.states import BayDoubt, BayState, BayStatus
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import NotFound, ValidationFailed

router = APIRouter(prefix="/v1/bays", tags=["bays"], responses=UNCHANGED)

Box = tuple[float, float, float, float]
BoxText = Annotated[
    str | None, Query(max_length=200, description="`west,south,east,north` in degrees (WGS 84)")
]


async def read_box(bbox: BoxText = None) -> Box | None:
    """Return the box as numbers; a wrong one is a 422 problem."""
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        west, south, east, north = 1.0, 1.0, 0.0, 0.0
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        detail = "must be west,south,east,north in degrees"
        error = {"in": "query", "field": "bbox", "detail": detail, "code": "invalid_bbox"}
        raise ValidationFailed([error])
    return west, south, east, north


class Wanted:
    """Which bays are asked for; all that is given must hold."""

    def __init__(
        self,
        box: Annotated[Box | None, Depends(read_box)],
        state: BayStatus | None = None,
        reason: Annotated[
            BayDoubt | None, Query(description="why a bay is neither free nor occupied")
        ] = None,
        lot_id: Annotated[str | None, Query(max_length=100)] = None,
    ) -> None:
        self._box = box
        self._state = state
        self._reason = reason
        self.lot_id = lot_id

    def __call__(self, report: Report) -> bool:
        """Return whether a bay is public and asked for."""
        return (
            isinstance(report, BayReport)
            and not report.bay.personal
            and self._state in (None, report.state)
            and self._reason in (None, report.doubt)
            and self.lot_id in (None, report.bay.lot_id)
            and (self._box is None or _is_inside(report, self._box))
        )


@router.get("", summary="Bays now", response_model=BayPage, responses=MAP)
async def bays(
    request: Request,
    board: PresentBoard,
    listing: Annotated[Listing, made_of(Listing)],
    wanted: Annotated[Wanted, made_of(Wanted)],
) -> Response:
    """JSON, or GeoJSON by `Accept`; with `changed_since`, without bays that left the wanted state."""
    lot_id = wanted.lot_id
    of_lot = sorted(board.city.bays_of.get(LotId(lot_id), ())) if lot_id is not None else None
    return listing.respond(request, board, "bay", wanted, ids=of_lot)


@router.get("/{bay_id}", summary="One bay now", response_model=BayState, responses=UNKNOWN_ID)
async def bay(request: Request, board: PresentBoard, bay_id: str) -> Response:
    """`since` is when the present state began."""
    report = board.bays.get(BayId(bay_id))
    if report is None or report.bay.personal:
        raise NotFound(f"there is no public bay {bay_id}")
    shown = wire.as_of(board, report, utc_now())
    return respond(
        request,
        wire.body(shown, 0, board.signatures),
        last_modified=shown.computed_at,
        headers=CACHE,
    )


def _is_inside(report: BayReport, box: Box) -> bool:
    west, south, east, north = box
    return west <= report.bay.lon <= east and south <= report.bay.lat <= north
