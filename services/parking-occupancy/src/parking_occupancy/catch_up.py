"""Fetches observations from the decoder's view that did not come over the broker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from parking_occupancy.consumer import count_taken
from parking_occupancy.domain.track import Observation, Reading
from parking_occupancy.keeper import Keeper, NotConfiguredError
from parking_occupancy.reading import AnyEvent, RefusedError, read_row
from parking_occupancy.storage import missed
from parking_occupancy.storage.events import BayEvent
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger

log = get_logger(__name__)
WINDOW = 5_000
RETIRED = "retired/"
"""With this begins the id of what says that a sensor is out of service."""


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
        while window := await self._database.persist(lambda c: missed.next_window(c, WINDOW)):
            found += await self._apply(window)
            if window.is_last:
                found += await self._refute()
                break
        await self._let_go()
        return found

    async def _apply(self, window: missed.Window) -> int:
        rows = await self._database.persist(lambda c: missed.fetch(c, window))
        events = await self._take(rows)
        await self._database.persist(lambda c: missed.set_mark(c, window.until))
        if events:
            log.info("caught_up", observations=len(events), until=window.until)
        count_taken(events, [], way="catch_up")
        return len(events)

    async def _refute(self) -> int:
        """Take what was superseded since as refuted, also where no correction replaces it."""
        position = await self._database.persist(missed.superseded_since)
        found = 0
        while position is not None:
            rows = await self._database.persist(partial(missed.superseded, after=position))
            found += len(await self._take(rows))
            position = (rows[-1]["superseded_at"], rows[-1]["seq"]) if rows else None
            if position:
                await self._database.persist(partial(missed.set_superseded_until, at=position[0]))
        if found:
            log.info("refuted", observations=found)
        return found

    async def _let_go(self) -> None:
        """Doubt what retired sensors said last: another one took their place beside it."""
        known = {
            (each.bay_id, each.sensor): each
            for each in self._keeper.side_by_side()
            if not each.event_id.startswith(RETIRED)
        }
        sensors = {sensor for _, sensor in known}
        gone = set(await self._database.persist(lambda c: missed.retired(c, sensors)))
        doubted = [
            _retired(each, utc_now()) for (_, sensor), each in known.items() if sensor in gone
        ]
        if taken := await self._take_known(doubted):
            log.info("retired_sensors_doubted", sensors=len(taken))

    async def _take(self, rows: Sequence[Any]) -> list[AnyEvent]:
        now = utc_now()
        events: list[AnyEvent] = []
        for row in rows:
            try:
                events.append(read_row(row, now))
            except RefusedError as error:
                log.warning("missed_observation_refused", seq=row["seq"], detail=error.detail)
        taken: list[AnyEvent] = []
        for start in range(0, len(events), 500):
            taken += await self._take_known(events[start : start + 500])
        return taken

    async def _take_known(self, events: Sequence[AnyEvent]) -> list[AnyEvent]:
        """Take what is of configured bays and gates, whatever is configured meanwhile."""
        while known := [event for event in events if self._keeper.refusal(event) is None]:
            try:
                await self._keeper.take(known)
            except NotConfiguredError:
                continue
            return known
        return []


def _retired(newest: Observation, now: datetime) -> BayEvent:
    """Return that a sensor is not to be trusted from now on, unless it speaks again."""
    doubt = newest._replace(
        event_id=f"{RETIRED}{newest.sensor}/{newest.bay_id}",
        observed_at=now,
        reading=Reading.SUSPECT,
    )
    return BayEvent(doubt, source="/stadttakt/parking-occupancy", received_at=now)
