# SPDX-License-Identifier: EUPL-1.2
"""What the three levels are called in this city."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond
from vehicle_occupancy.api.polled import UNCHANGED
from vehicle_occupancy.api.present import PresentBoard
from vehicle_occupancy.domain.levels import public_status
from vehicle_occupancy.domain.load.level import Level

router = APIRouter(prefix="/v1/levels", tags=["vehicles"])


class LevelView(BaseModel):
    """One level: its words for passengers, and the GTFS-RT status that is published with it."""

    level: Level
    labels: dict[str, str]
    occupancy_status: str


class LevelsView(BaseModel):
    """All levels, the emptiest first."""

    items: list[LevelView]


@router.get(
    "",
    summary="What the levels are called",
    response_model=LevelsView,
    responses=UNCHANGED,
)
async def levels(request: Request, board: PresentBoard) -> Response:
    """Labels are the city's, by language; where levels begin is not told (decision 0049)."""
    items = [
        {
            "level": level,
            "labels": dict(board.city.labels.get(level, {})),
            "occupancy_status": public_status(level),
        }
        for level in Level
    ]
    headers = {"cache-control": "public, max-age=300"}
    body = orjson.dumps({"items": items})
    return respond(request, body, last_modified=utc_now(), headers=headers)
