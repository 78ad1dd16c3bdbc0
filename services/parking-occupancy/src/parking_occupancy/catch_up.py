# SPDX-License-Identifier: EUPL-1.2
"""Fetches observations from the decoder's view that did not come over the broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import asyncpg

from parking_occupancy.consumer import count_taken, rejected
from parking_occupancy.domain.track import Observation, Reading
from parking_occupancy.keeper import Keeper, NotConfiguredError
from parking_occupancy.reading import AnyEvent, RefusedError, message_of, read_row
from parking_occupancy.storage import missed
from parking_occupancy.storage.events import BayEvent
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database, is_about_the_data
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.rejected import Rejected

log = get_logger(__name__)
WINDOW = 5_000
AT_ONCE = 500
REMEMBERED = 2 * missed.REREAD
"""So many refused observations are known again without asking the database."""
RETIRED = "retired/"
"""With this begins the id of what says that a sensor is out of service."""

Read = tuple[Any, AnyEvent | RefusedError]
"""A row of the view, and its observation or why it is none."""


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
        read = [(row, _read(row, now)) for row in rows]
        taken: list[AnyEvent] = []
        for start in range(0, len(read), AT_ONCE):
            taken += await self._take_some(read[start : start + AT_ONCE])
        return taken

    async def _take_some(self, read: Sequence[Read]) -> list[AnyEvent]:
        """Take what is of configured bays and gates, quarantine the rest.

        Whatever is configured meanwhile; where the database blames a row, in halves to the culprit.
        """
        while True:
            accepted, refusals = self._sorted(read)
            refused = await self._new(refusals)
            try:
                if accepted or refused:
                    await self._keeper.take(accepted, refused)
            except NotConfiguredError:
                continue
            except asyncpg.PostgresError as error:
                if not is_about_the_data(error):
                    raise
                return await self._take_blamed(read, error)
            self._remember(refusals)
            count_taken([], refused, way="catch_up")
            return accepted

    async def _take_blamed(self, read: Sequence[Read], error: Exception) -> list[AnyEvent]:
        if len(read) > 1:
            middle = len(read) // 2
            first = await self._take_some(read[:middle])
            return first + await self._take_some(read[middle:])
        ((row, _),) = read
        return await self._take_some([(row, RefusedError("database_refused", str(error)))])

    def _sorted(self, read: Sequence[Read]) -> tuple[list[AnyEvent], list[Refusal]]:
        """Return what can be taken as the city is configured, and what cannot."""
        accepted: list[AnyEvent] = []
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
            rejected(topic, payload, each.reason, each.detail)
            for (topic, payload), each in zip(messages, refusals, strict=True)
            if each.row["event_id"] not in told
        ]

    def _remember(self, refusals: Iterable[Refusal]) -> None:
        for each in refusals:
            self._refused[each.row["seq"]] = None
        while len(self._refused) > REMEMBERED:
            self._refused.pop(next(iter(self._refused)))

    async def _take_known(self, events: Sequence[AnyEvent]) -> list[AnyEvent]:
        """Take what is of configured bays and gates, whatever is configured meanwhile."""
        while known := [event for event in events if self._keeper.refusal(event) is None]:
            try:
                await self._keeper.take(known)
            except NotConfiguredError:
                continue
            return known
        return []


def _read(row: Any, now: datetime) -> AnyEvent | RefusedError:
    try:
        return read_row(row, now)
    except RefusedError as error:
        return error


def _retired(newest: Observation, now: datetime) -> BayEvent:
    """Return that a sensor is not to be trusted from now on, unless it speaks again."""
    doubt = newest._replace(
        event_id=f"{RETIRED}{newest.sensor}/{newest.bay_id}",
        observed_at=now,
        reading=Reading.SUSPECT,
    )
    return BayEvent(doubt, source="/stadttakt/parking-occupancy", received_at=now)
