# SPDX-License-Identifier: EUPL-1.2
"""Alerts when an upstream stopped: nothing heard of lots, bays or vehicles that were heard before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from open_data_publisher.board import Board
from open_data_publisher.domain.states import Kind
from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

STALE = "feed-stale"
EVERY_S = 15.0
# Trips are told of once a day: their silence tells nothing.
WORDS: dict[Kind, tuple[str, str]] = {
    "lot": ("Parkplätze", "car parks"),
    "bay": ("Stellplätze", "bays"),
    "vehicle": ("Fahrzeuge", "vehicles"),
}


class Watch:
    """Looks every quarter of a minute."""

    def __init__(self, database: Database, board: Board, *, stale_after_s: float) -> None:
        self._database = database
        self._board = board
        self._stale_after = timedelta(seconds=stale_after_s)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop`; what was heard before this start is given the same patience again."""
        begun = utc_now()
        while not stop.is_set():
            now = utc_now()
            if now - begun >= self._stale_after:
                found = list(self._conditions(now))
                await self._database.persist(lambda c, f=found, n=now: settle(c, (STALE,), f, n))  # type: ignore[misc]
            await pause(stop, EVERY_S)

    def _conditions(self, now: datetime) -> Iterator[Condition]:
        for kind, (german, english) in WORDS.items():
            heard_at = self._board.heard_at(kind)
            if heard_at is not None and now - heard_at >= self._stale_after:
                yield Condition(
                    STALE,
                    kind,
                    Severity.CRITICAL,
                    AlertText(
                        de=f"Keine Meldungen mehr über {german}; die Datendienste melden sie als unbekannt",
                        en=f"Nothing heard of {english} any more; the feeds tell them as unknown",
                    ),
                )
