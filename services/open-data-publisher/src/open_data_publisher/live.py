# SPDX-License-Identifier: EUPL-1.2
"""What pages show of lots and vehicles: made anew when something changed or ran out, then only served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

from open_data_publisher.board import Board
from open_data_publisher.domain.states import Kind
from open_data_publisher.domain.truth import Truth
from open_data_publisher.portal.now import live_view, lot_view, vehicle_view
from open_data_publisher.shelf import Built
from stadttakt_messages.states import LotState

SHOWN: tuple[Kind, ...] = ("lot", "vehicle")


@dataclass(frozen=True)
class Present:
    """What holds until something changes, as each page needs it; another one has another number."""

    truth: Truth
    number: int

    @cached_property
    def lots(self) -> Sequence[dict[str, Any]]:
        """Return what is shown of lots, in the order of their names."""
        views = [lot_view(each.state) for each in self.truth.lots]
        return sorted(views, key=lambda lot: lot["name"].casefold())

    @cached_property
    def states(self) -> Mapping[str, LotState]:
        """Return the states of lots by id."""
        return {each.state.lot_id: each.state for each in self.truth.lots}

    @cached_property
    def vehicles(self) -> Mapping[str, Sequence[dict[str, Any]]]:
        """Return what is shown of vehicles, by their line."""
        by_line: dict[str, list[dict[str, Any]]] = {}
        for each in self.truth.vehicles:
            if each.state.line is not None:
                by_line.setdefault(each.state.line, []).append(vehicle_view(each.state))
        return by_line

    @cached_property
    def simulated(self) -> bool:
        """Tell whether any of it stems from a simulation."""
        return self.truth.is_simulated(SHOWN)

    @cached_property
    def file(self) -> Built:
        """Return it as bytes, for the pages' script."""
        return Built.of(orjson.dumps(live_view(self.truth)), self.truth.at)


class Live:
    """Makes the present at most once for each change of what is shown."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._revisions: list[int] = []
        self._ends_at: datetime | None = None
        self._present = Present(Truth(datetime.min.replace(tzinfo=UTC)), 0)

    def now(self, now: datetime) -> Present:
        """Return what holds now."""
        revisions = [self._board.revisions[kind] for kind in SHOWN]
        is_over = self._ends_at is not None and self._ends_at <= now
        if is_over or self._revisions != revisions:
            self._present = Present(self._board.truth(now, SHOWN), self._present.number + 1)
            self._revisions = [self._board.revisions[kind] for kind in SHOWN]
            self._ends_at = self._board.expires_at(now, SHOWN)
        return self._present
