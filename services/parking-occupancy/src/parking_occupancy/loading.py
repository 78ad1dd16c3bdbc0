# SPDX-License-Identifier: EUPL-1.2
"""Brings the board in line with the tables: at the start, and ahead of it while another one leads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from parking_occupancy.board import KINDS, Board
from parking_occupancy.domain.balance import Balance
from parking_occupancy.domain.city import City
from parking_occupancy.entity import Entity, Kind
from parking_occupancy.storage import configuration, counts, history, states
from stadttakt_messages.base import LotId
from stadttakt_runtime.clock import utc_now


class Tables(NamedTuple):
    """What is stored; no city where it is the one that was read before."""

    version: int
    city: City | None
    rows: dict[Kind, list[Any]]
    balances: dict[LotId, Balance]
    closed_until: datetime


class Loader:
    """Remembers the rows it took over, so that the next time only others cost anything."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._taken: dict[Entity, Any] = {}
        self.version: int | None = None

    async def read(self, connection: Any) -> Tables:
        """Return what is stored now."""
        version = await configuration.version(connection)
        return Tables(
            version,
            await configuration.load(connection) if version != self.version else None,
            {kind: await states.read(connection, kind) for kind in KINDS},
            await counts.states(connection),
            await history.closed_until(connection, utc_now()),
        )

    def take_over(self, tables: Tables) -> list[Entity]:
        """Restore the rows that differ; returns those of entities that are not configured any more.

        The board must have the city already.
        """
        if tables.city is not None:
            self._taken.clear()
        self.version = tables.version
        retired: list[Entity] = []
        for kind, rows in tables.rows.items():
            self._board.restore(kind, self._other(kind, rows))
            known = set(self._board.ids[kind])
            retired += (
                Entity(kind, row[f"{kind}_id"]) for row in rows if row[f"{kind}_id"] not in known
            )
        return retired

    def forget(self) -> None:
        """Let go of what was remembered: from now on the board is ahead of the tables."""
        self._taken.clear()

    def _other(self, kind: Kind, rows: Iterable[Any]) -> list[Any]:
        found = []
        for row in rows:
            entity = Entity(kind, row[f"{kind}_id"])
            if self._taken.get(entity) != row:
                self._taken[entity] = row
                found.append(row)
        return found
