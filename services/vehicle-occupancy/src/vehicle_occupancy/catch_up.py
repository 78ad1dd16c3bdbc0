# SPDX-License-Identifier: EUPL-1.2
"""Fetches observations from the decoder's view that did not come over the broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database, is_about_the_data
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.rejected import Rejected
from vehicle_occupancy.intake import count_taken, rejected
from vehicle_occupancy.keeper import Keeper
from vehicle_occupancy.reading import OBSERVED, RefusedError, message_of, read_row
from vehicle_occupancy.storage import missed
from vehicle_occupancy.storage.readings import Event

log = get_logger(__name__)
WINDOW = 5_000
AT_ONCE = 500
REMEMBERED = 2 * missed.REREAD
"""So many refused observations are known again without asking the database."""

Read = tuple[Any, Event | RefusedError]
"""A row of the view, and what it says or why it says nothing."""


class Refusal(NamedTuple):
    """A row of the view that cannot be taken, and why."""

    row: Any
    reason: str
    detail: str


class CatchUp:
    """Reads the view from the persisted mark to its end, in stretches, the last one again.

    What the broker brings meanwhile is the same events, so nothing is counted twice.
    """

    def __init__(self, database: Database, keeper: Keeper, topics: Topics) -> None:
        self._database = database
        self._keeper = keeper
        self._topics = topics
        self._refused: dict[int, None] = {}

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
        rows = await self._database.persist(lambda c: missed.fetch(c, window, OBSERVED))
        events = await self._take(rows)
        await self._database.persist(lambda c: missed.set_mark(c, window.until))
        if events:
            log.info("caught_up", observations=len(events), until=window.until)
        count_taken(events, [], way="catch_up")
        return len(events)

    async def _take(self, rows: Sequence[Any]) -> list[Event]:
        now = utc_now()
        read = [(row, _read(row, now)) for row in rows]
        if self._sorted(read)[1]:
            # What they are about may have been configured a moment ago.
            await self._keeper.reload_configuration()
        taken: list[Event] = []
        for start in range(0, len(read), AT_ONCE):
            taken += await self._take_some(read[start : start + AT_ONCE])
        return taken

    async def _take_some(self, read: Sequence[Read]) -> list[Event]:
        """Take what is of configured vehicles and doors, quarantine the rest.

        Where the database blames a row, in halves to the culprit.
        """
        accepted, refusals = self._sorted(read)
        refused = await self._new(refusals)
        try:
            if accepted or refused:
                await self._keeper.take(accepted, refused)
        except asyncpg.PostgresError as error:
            if not is_about_the_data(error) or not accepted:
                raise
            return await self._take_blamed(read, error)
        self._remember(refusals)
        count_taken([], refused, way="catch_up")
        return accepted

    async def _take_blamed(self, read: Sequence[Read], error: Exception) -> list[Event]:
        if len(read) > 1:
            middle = len(read) // 2
            first = await self._take_some(read[:middle])
            return first + await self._take_some(read[middle:])
        ((row, _),) = read
        return await self._take_some([(row, RefusedError("database_refused", str(error)))])

    def _sorted(self, read: Sequence[Read]) -> tuple[list[Event], list[Refusal]]:
        """Return what can be taken as the city is configured, and what cannot."""
        accepted: list[Event] = []
        refusals: list[Refusal] = []
        for row, event in read:
            if isinstance(event, RefusedError):
                refusals.append(Refusal(row, event.reason, event.detail))
            elif (refusal := self._keeper.refusal(event)) is not None:
                refusals.append(Refusal(row, *refusal))
            else:
                accepted.append(event)
        return accepted, refusals

    async def _new(self, found: Sequence[Refusal]) -> list[Rejected]:
        """Return those as messages that are not in quarantine.

        What was refused is read again, and taken once what it is about is configured.
        """
        refusals = [each for each in found if each.row["seq"] not in self._refused]
        if not refusals:
            return []
        messages = [message_of(each.row, self._topics) for each in refusals]
        named = [
            (topic, each.row["event_id"])
            for (topic, _), each in zip(messages, refusals, strict=True)
        ]
        told = await self._database.persist(lambda c: missed.told(c, named))
        return [
            rejected(message, each.reason, each.detail)
            for message, name, each in zip(messages, named, refusals, strict=True)
            if name not in told
        ]

    def _remember(self, refusals: Iterable[Refusal]) -> None:
        for each in refusals:
            self._refused[each.row["seq"]] = None
        while len(self._refused) > REMEMBERED:
            self._refused.pop(next(iter(self._refused)))


def _read(row: Any, now: datetime) -> Event | RefusedError:
    try:
        return read_row(row, now)
    except RefusedError as error:
        return error
