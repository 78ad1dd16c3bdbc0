"""What pages follow, as bytes: made anew when something changed or ran out, then only served."""

from __future__ import annotations

from datetime import datetime

import orjson

from open_data_publisher.board import Board
from open_data_publisher.domain.states import Kind
from open_data_publisher.portal.now import live_view
from open_data_publisher.shelf import Built

SHOWN: tuple[Kind, ...] = ("lot", "vehicle")


class Live:
    """The live states for pages, made at most once for each revision of the board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._revision = -1
        self._ends_at: datetime | None = None
        self._built: Built | None = None

    def now(self, now: datetime) -> Built:
        """Return what holds now."""
        is_over = self._ends_at is not None and self._ends_at <= now
        if self._built is None or is_over or self._revision != self._board.revision:
            self._revision = self._board.revision
            self._ends_at = self._board.expires_at(now, SHOWN)
            self._built = Built.of(orjson.dumps(live_view(self._board.truth(now, SHOWN))), now)
        return self._built
