"""What the endpoints read: the board and the screens, as dependencies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from parking_occupancy.board import Board
from parking_occupancy.screens import Screens


def _board(request: Request) -> Board:
    board: Board = request.app.state.board
    return board


def _screens(request: Request) -> Screens:
    screens: Screens = request.app.state.screens
    return screens


PresentBoard = Annotated[Board, Depends(_board)]
PresentScreens = Annotated[Screens, Depends(_screens)]
