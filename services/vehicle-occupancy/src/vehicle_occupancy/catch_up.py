"""Fetches observations from the decoder's view that did not come over the broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from vehicle_occupancy.intake import count_taken
from vehicle_occupancy.keeper import Keeper
from vehicle_occupancy.reading import COUNT, PRESENCE, RefusedError, read_row
from vehicle_occupancy.storage import missed
from vehicle_occupancy.storage.readings import Event

log = get_logger(__name__)
WINDOW = 5_000
AT_ONCE = 500


class CatchUp:
    """Reads the view from the persisted mark to its end, in stretches, the last one again.

    What the broker brings meanwhile is the same events, so nothing is counted twice.
    """

    def __init__(self, database: Database, keeper: Keeper) -> None:
        self._database = database
        self._keeper = keeper

    async def run_once(self) -> int:
        """Fetch and apply what is missing; returns how many observations that were."""
        found = 0
        while True:
            window = await self._database.persist(lambda c: missed.next_window(c, WINDOW))
            if window is None:
                return found
            found += await self._apply(window)
            if window.is_last:
                return found

    async def _apply(self, window: missed.Window) -> int:
        rows = await self._database.persist(lambda c: missed.fetch(c, window, (COUNT, PRESENCE)))
        events = await self._take(rows)
        await self._database.persist(lambda c: missed.set_mark(c, window.until))
        if events:
            log.info("caught_up", observations=len(events), until=window.until)
        count_taken(events, [], way="catch_up")
        return len(events)

    async def _take(self, rows: Sequence[Any]) -> list[Event]:
        now = utc_now()
        events: list[Event] = []
        for row in rows:
            try:
                events.append(read_row(row, now))
            except RefusedError as error:
                log.warning("missed_observation_refused", seq=row["seq"], detail=error.detail)
        events = [event for event in events if self._keeper.refusal(event) is None]
        for start in range(0, len(events), AT_ONCE):
            await self._keeper.take(events[start : start + AT_ONCE])
        return events
