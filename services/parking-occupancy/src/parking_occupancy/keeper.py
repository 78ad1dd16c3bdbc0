"""Every change of the present goes through here, one at a time: decide, commit, show, publish."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from parking_occupancy import metrics
from parking_occupancy.board import KINDS, Board, due_of
from parking_occupancy.domain.bay import Observation, history_needed_from
from parking_occupancy.domain.change import Change, decide
from parking_occupancy.entity import Entity, Mark
from parking_occupancy.publisher import Publisher
from parking_occupancy.storage import configuration, events, rejected, states
from parking_occupancy.storage.events import BayEvent
from parking_occupancy.storage.rejected import Rejected
from stadttakt_messages.base import BayId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger

log = get_logger(__name__)

ByBay = dict[BayId, list[Observation]]
OnShown = Callable[[Iterable[Entity]], None]


class Keeper:
    """The only writer of states; a change is shown only after it is committed."""

    def __init__(
        self, database: Database, board: Board, publisher: Publisher, on_shown: OnShown
    ) -> None:
        self._database = database
        self._board = board
        self._publisher = publisher
        self._on_shown = on_shown
        self._turn = asyncio.Lock()
        self._version: int | None = None

    async def start(self) -> None:
        """Read configuration and states, look at everything, publish what was left open."""
        async with self._turn:
            version, city, stored = await self._database.persist(_read_all)
            self._board.replace_city(city)
            retired = [each for kind in KINDS for each in self._board.restore(kind, stored[kind])]
            self._version = version
            self._publisher.offer(retired)
            self._on_shown(self._everything())
            await self._change(due=self._everything())
        log.info("state_loaded", bays=len(city.bays), lots=len(city.lots), signs=len(city.signs))

    async def reload_configuration(self) -> None:
        """Take over the configuration where a newer one was applied."""
        if await self._database.persist(configuration.version) == self._version:
            return
        async with self._turn:
            version, city = await self._database.persist(_read_configuration)
            gone = self._board.replace_city(city)
            self._version = version
            self._on_shown(gone)
            self._publisher.offer(gone)
            await self._change(due=self._everything())
        log.info("configuration_loaded", version=version, gone=len(gone))

    def unknown_bays(self, found: Iterable[BayEvent]) -> set[BayId]:
        """Return the bays of events that nobody configured."""
        return {event.observation.bay_id for event in found} - self._board.city.bays.keys()

    async def take(
        self, accepted: Sequence[BayEvent], refused: Sequence[Rejected] = ()
    ) -> Awaitable[None]:
        """Store observations and what they change; awaiting the answer waits for the broker.

        Observations must be of configured bays. Waits as long as the database is away.
        """
        async with self._turn:
            return await self._change(accepted=accepted, refused=refused)

    async def look_at(self, due: Iterable[Entity]) -> None:
        """Let time pass for those whose deadline is over."""
        async with self._turn:
            await self._change(due=due)

    async def publish_left_over(self) -> None:
        """Note what the broker has, and publish what it has not although it was committed."""
        async with self._turn:
            acknowledged = self._publisher.take_acknowledged().items()
            await self._database.persist(lambda c: states.note_published(c, acknowledged))
            left_over = await self._database.persist(states.unpublished)
        lost = [entity for entity in left_over if self._is_lost(entity)]
        if lost:
            metrics.REPUBLISHED.inc(len(lost))
            self._publisher.offer(lost)

    def publish_everything(self) -> None:
        """Publish all that is shown, whether it was acknowledged before or not."""
        self._publisher.offer(self._everything())

    def _is_lost(self, entity: Entity) -> bool:
        """Tell whether nobody is publishing an entity, nor has since the last sweep."""
        if self._board.report(entity) is None or self._publisher.is_under_way(entity):
            return False
        return self._publisher.acknowledged(entity) != self._board.mark(entity).version

    async def _change(
        self,
        *,
        accepted: Sequence[BayEvent] = (),
        refused: Sequence[Rejected] = (),
        due: Iterable[Entity] = (),
    ) -> Awaitable[None]:
        due = list(due)
        heard: ByBay = {}
        for event in accepted:
            heard.setdefault(event.observation.bay_id, []).append(event.observation)

        async def work(connection: Any) -> tuple[Change, dict[Entity, Mark]]:
            if refused:
                await rejected.insert(connection, refused)
            if accepted:
                await events.insert(connection, accepted)
            change = await self._decide(connection, heard, due)
            marks = self._board.stamp(change)
            await states.write(connection, self._board.situation, change, marks)
            return change, marks

        with metrics.COMMIT_SECONDS.time():
            change, marks = await self._database.persist(work)
        anew = self._board.adopt(change, marks)
        self._board.schedule({*anew, *due}, utc_now())
        self._on_shown(anew)
        for lot_id, report in change.lots.items():
            metrics.UNKNOWN_BAYS.labels(lot_id).set(report.tally.unknown)
        return self._publisher.offer(anew)

    async def _decide(self, connection: Any, heard: ByBay, due: Iterable[Entity]) -> Change:
        since = {
            bay_id: start
            for bay_id, observations in heard.items()
            if (start := history_needed_from(self._board.tracks.get(bay_id), observations))
        }
        history = await events.history(connection, since) if since else {}
        return decide(
            self._board.city,
            self._board.situation,
            heard,
            due=due_of(due),
            now=utc_now(),
            history=history,
        )

    def _everything(self) -> list[Entity]:
        return [Entity(kind, each) for kind in KINDS for each in self._board.ids[kind]]


async def _read_configuration(connection: Any) -> tuple[int, Any]:
    return await configuration.version(connection), await configuration.load(connection)


async def _read_all(connection: Any) -> tuple[int, Any, dict[str, list[Any]]]:
    version, city = await _read_configuration(connection)
    return version, city, {kind: await states.read(connection, kind) for kind in KINDS}
