# SPDX-License-Identifier: EUPL-1.2
"""What the endpoints read: the board and the screens, as dependencies; 503 before there is state."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from parking_occupancy.board import Board
from parking_occupancy.screens import Screens
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.leadership import Certainty


def _require_state(request: Request) -> None:
    """Answer nothing from an empty board: a sign that a standby does not know is not absent."""
    if getattr(request.app.state, "keeper", None) is None:
        raise Unavailable("this instance has no state (yet)", headers={"retry-after": "1"})
    certainty: Certainty = request.app.state.certainty
    if not certainty.holds():
        raise Unavailable(
            "this instance stood still and may lead no more", headers={"retry-after": "1"}
        )


async def _board(request: Request) -> Board:
    _require_state(request)
    board: Board = request.app.state.board
    return board


async def _screens(request: Request) -> Screens:
    _require_state(request)
    screens: Screens = request.app.state.screens
    return screens


PresentBoard = Annotated[Board, Depends(_board)]
PresentScreens = Annotated[Screens, Depends(_screens)]
