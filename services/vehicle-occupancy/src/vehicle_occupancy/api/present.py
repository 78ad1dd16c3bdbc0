# SPDX-License-Identifier: EUPL-1.2
"""What the endpoints read, as dependencies; 503 before there is state."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from stadttakt_runtime.auth.dependencies import OptionalPrincipal
from stadttakt_runtime.http.problem import Unavailable
from vehicle_occupancy.board import Board
from vehicle_occupancy.entity import View
from vehicle_occupancy.intake import Intake
from vehicle_occupancy.keeper import Keeper


def _require_state(request: Request) -> None:
    """Answer nothing from an empty board: a vehicle that a standby does not know is not absent."""
    if getattr(request.app.state, "keeper", None) is None:
        raise Unavailable("this instance has no state (yet)", headers={"retry-after": "1"})


async def _board(request: Request) -> Board:
    _require_state(request)
    board: Board = request.app.state.board
    return board


async def _keeper(request: Request) -> Keeper:
    _require_state(request)
    keeper: Keeper = request.app.state.keeper
    return keeper


async def _intake(request: Request) -> Intake:
    _require_state(request)
    intake: Intake = request.app.state.intake
    return intake


async def _view(caller: OptionalPrincipal) -> View:
    """Return which view of vehicles the caller has: numbers need `transit:read`."""
    return "vehicle-load" if caller is not None and caller.may("transit:read") else "vehicle"


async def _sees_numbers(caller: OptionalPrincipal) -> bool:
    """Return whether the caller may see numbers of persons."""
    return caller is not None and caller.may("transit:read")


async def _publication_key(request: Request) -> bytes:
    board: Board = request.app.state.board
    return board.publication_key


SeesNumbers = Annotated[bool, Depends(_sees_numbers)]
PublicationKey = Annotated[bytes, Depends(_publication_key)]
PresentBoard = Annotated[Board, Depends(_board)]
PresentKeeper = Annotated[Keeper, Depends(_keeper)]
PresentIntake = Annotated[Intake, Depends(_intake)]
CallersView = Annotated[View, Depends(_view)]
