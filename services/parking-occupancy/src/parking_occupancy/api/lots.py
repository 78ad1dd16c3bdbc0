# SPDX-License-Identifier: EUPL-1.2
"""Lots and their bays."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from parking_occupancy import wire
from parking_occupancy.api.documents import MAP, UNCHANGED, UNKNOWN_ID, BayPage, LotPage
from parking_occupancy.api.listing import CACHE, Listing
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.domain.bay import BayReport
from stadttakt_messages.base import LotId
from stadttakt_messages.states import LotState
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(prefix="/v1/lots", tags=["lots"], responses=UNCHANGED)


@router.get("", summary="All lots now", response_model=LotPage)
async def lots(
    request: Request, board: PresentBoard, listing: Annotated[Listing, made_of(Listing)]
) -> Response:
    """Counts are of the general user group; other kinds stand in `by_kind`."""
    return listing.respond(request, board, "lot", lambda _: True)


@router.get("/{lot_id}", summary="One lot now", response_model=LotState, responses=UNKNOWN_ID)
async def lot(request: Request, board: PresentBoard, lot_id: str) -> Response:
    """`free` is what is surely free; the truth lies between `free_min` and `free_max`."""
    report = board.lots.get(LotId(lot_id))
    if report is None:
        raise NotFound(f"there is no lot {lot_id}")
    shown = wire.as_of(board, report, utc_now())
    return respond(
        request,
        wire.body(shown, 0, board.signatures),
        last_modified=shown.computed_at,
        headers=CACHE,
    )


@router.get(
    "/{lot_id}/bays", summary="The bays of a lot now", response_model=BayPage, responses=MAP
)
async def bays_of_lot(
    request: Request,
    board: PresentBoard,
    lot_id: str,
    listing: Annotated[Listing, made_of(Listing)],
) -> Response:
    """Bays that belong to a person are left out."""
    if LotId(lot_id) not in board.city.lots:
        raise NotFound(f"there is no lot {lot_id}")
    return listing.respond(
        request,
        board,
        "bay",
        lambda report: (
            isinstance(report, BayReport)
            and report.bay.lot_id == lot_id
            and not report.bay.personal
        ),
        ids=sorted(board.city.bays_of.get(LotId(lot_id), ())),
    )
