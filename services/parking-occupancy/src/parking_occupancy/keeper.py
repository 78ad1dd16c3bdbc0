# SPDX-License-Identifier: EUPL-1.2
"""Every change of the present goes through here, one at a time: decide, commit, show, publish."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from parking_occupancy import metrics
from parking_occupancy.board import KINDS, Board, due_of
from parking_occupancy.causes import Causes
from parking_occupancy.counting import NEAR, Counting, anchors_of, refusal_of
from parking_occupancy.domain.balance import Anchor, Balance, unknown_balance
from parking_occupancy.domain.bay import Bay
from parking_occupancy.domain.change import Change, Stored, decide
from parking_occupancy.domain.city import City
from parking_occupancy.domain.history import FINEST, Span, ended_buckets, floor, touched
from parking_occupancy.domain.lot import Lot
from parking_occupancy.domain.sensors import history_needed_from
from parking_occupancy.domain.track import Observation, SensorId
from parking_occupancy.entity import Entity, Mark
from parking_occupancy.loading import Loader, Tables
from parking_occupancy.publisher import Publisher
from parking_occupancy.signing import load_signatures
from parking_occupancy.storage import (
    configuration,
    events,
    history,
    states,
    stretches,
)
from parking_occupancy.storage.counts import GateEvent
from parking_occupancy.storage.events import BayEvent, Refuted
from parking_occupancy.storage.history import Marked
from stadttakt_messages.base import BayId, LotId
from stadttakt_runtime import rejected
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.rejected import Rejected

log = get_logger(__name__)

LONGEST_CLOSING = timedelta(days=1)
"""Marked at once, after a long absence."""

ByBay = dict[BayId, list[Observation]]
Record = Callable[[Any], Awaitable[None]]
"""Stores who ordered something, in the transaction that does it."""
OnShown = Callable[[Iterable[Entity]], None]


class NotConfiguredError(Exception):
    """An observation is of what the city has not, or not any more."""


class Keeper:
    """The only writer of states; a change is shown only after it is committed."""

    def __init__(
        self,
        database: Database,
        board: Board,
        publisher: Publisher,
        on_shown: OnShown,
        causes: Causes,
    ) -> None:
        self._database = database
        self._board = board
        self._publisher = publisher
        self._on_shown = on_shown
        self._causes = causes
        self._turn = asyncio.Lock()
        self._version: int | None = None
        self._closed_until: datetime | None = None
        self._loader = Loader(board)

    async def load_ahead(self, database: Database) -> None:
        """Read configuration and states while another instance leads; shows and publishes nothing."""
        async with self._turn:
            self._take_over(await database.persist(self._loader.read))

    async def start(self) -> None:
        """Read configuration and states, look at everything, publish it all once."""
        async with self._turn:
            retired = self._take_over(await self._database.persist(self._loader.read))
            self._loader.forget()
            self._publisher.offer(retired)
            self._on_shown(self._everything())
            await self._change(due=self._everything())
            # Also what was acknowledged: the broker may have forgotten it.
            self.publish_everything()
        city = self._board.city
        log.info("state_loaded", bays=len(city.bays), lots=len(city.lots), signs=len(city.signs))

    def _take_over(self, tables: Tables) -> list[Entity]:
        self._board.balances.update(tables.balances)
        if tables.city is not None:
            self._replace_city(tables.city)
        self._closed_until, self._version = tables.closed_until, tables.version
        return self._loader.take_over(tables)

    async def reload_configuration(self) -> None:
        """Take over the configuration where a newer one was applied."""
        if await self._database.persist(configuration.version) == self._version:
            return
        async with self._turn:
            version, city = await self._database.persist(_read_configuration)
            if version == self._version:
                return
            gone = self._replace_city(city)
            self._on_shown(gone)
            self._publisher.offer(gone)
            await self._change(due=self._everything())
            # Only now: whoever finds this version must find it shown.
            self._version = version
        log.info("configuration_loaded", version=version, gone=len(gone))

    async def close_history(self, now: datetime) -> None:
        """Mark the buckets that have ended, for the historian to count.

        Nothing is being stored meanwhile, so what is stored later for such a bucket marks it again.
        """
        until = floor(now, FINEST)
        async with self._turn:
            since = self._closed_until
            if since is None or until <= since:
                return
            until = min(until, since + LONGEST_CLOSING)
            await self._database.persist(lambda c: _close(c, since, until))
            self._closed_until = until

    def lot(self, lot_id: LotId) -> Lot | None:
        """Return a lot as it is configured."""
        return self._board.city.lots.get(lot_id)

    def bays_of(self, lot_id: LotId) -> list[Bay]:
        """Return the bays of a lot as they are configured, for whomever they are."""
        city = self._board.city
        return [city.bays[bay_id] for bay_id in city.bays_of.get(lot_id, ())]

    def side_by_side(self) -> list[Observation]:
        """Return the newest observation of each sensor of the bays that have several."""
        return [
            each.newest
            for track in self._board.tracks.values()
            if len(track.sensors) > 1
            for each in track.sensors.values()
        ]

    def refusal(self, event: BayEvent | GateEvent) -> tuple[str, str] | None:
        """Return why an observation cannot be taken as the city is configured: reason, detail."""
        city = self._board.city
        if isinstance(event, GateEvent):
            return refusal_of(city, event.count)
        bay_id = event.observation.bay_id
        return None if bay_id in city.bays else ("unknown_bay", bay_id)

    async def take(
        self, accepted: Sequence[BayEvent | GateEvent], refused: Sequence[Rejected] = ()
    ) -> Awaitable[None]:
        """Store observations and what they change; awaiting the answer waits for the broker.

        Waits as long as the database is away. Raises NotConfiguredError, and has stored nothing,
        where an observation is of a bay or gate that is not configured when its turn comes.
        """
        async with self._turn:
            if any(self.refusal(event) for event in accepted):
                raise NotConfiguredError
            return await self._change(accepted=accepted, refused=refused)

    async def reset_count(self, anchor: Anchor, record: Record) -> None:
        """Take an operator's word for how many vehicles are in a lot; `record` keeps who gave it."""
        async with self._turn:
            await self._change(given=[anchor], record=record)

    async def take_back(self, anchor: Anchor, record: Record) -> None:
        """Count a lot as if an operator had never reset it."""
        async with self._turn:
            await self._change(taken_back=[anchor], record=record)

    async def look_at(self, due: Iterable[Entity]) -> None:
        """Let time pass for those whose deadline is over."""
        async with self._turn:
            await self._change(due=due)

    async def look_at_everything(self) -> None:
        """Decide all that is shown anew, as after a start."""
        async with self._turn:
            await self._change(due=self._everything())

    def publish_everything(self) -> None:
        """Publish all that is shown, whether it was acknowledged before or not."""
        self._publisher.offer(self._everything())

    async def _change(
        self,
        *,
        accepted: Sequence[BayEvent | GateEvent] = (),
        refused: Sequence[Rejected] = (),
        due: Iterable[Entity] = (),
        given: Sequence[Anchor] = (),
        taken_back: Sequence[Anchor] = (),
        record: Record | None = None,
    ) -> Awaitable[None]:
        due = list(due)
        seen = [event for event in accepted if isinstance(event, BayEvent)]
        counted = [event for event in accepted if isinstance(event, GateEvent)]
        anchors = [*given, *self._anchors(accepted, due, utc_now())]
        tries = 0

        async def work(connection: Any) -> tuple[Change, dict[Entity, Mark], Counting]:
            nonlocal tries
            tries += 1
            if record is not None:
                await record(connection)
            if refused:
                await rejected.insert(connection, refused)
            refuted = await events.insert(connection, seen) if seen else Refuted()
            await events.note_sensors(connection, self._new_sensors(seen))
            late = events.late(seen, refuted, self._closed_until)
            await history.mark(connection, self._ended(late, counted, [*anchors, *taken_back]))
            await stretches.mark_late(connection, late)
            counting = Counting(connection, self._board, repeated=tries > 1)
            balances = await counting.take(counted, anchors, utc_now())
            balances |= await counting.take_back(taken_back, utc_now())
            change = await self._decide(connection, _by_bay(seen, refuted), refuted, due, balances)
            marks = self._board.stamp(change)
            await states.write(connection, self._board.situation, change, marks)
            return change, marks, counting

        with metrics.COMMIT_SECONDS.time():
            change, marks, counting = await self._database.persist(work)
        anew = self._board.adopt(change, marks)
        self._board.schedule([*anew, *due], utc_now())
        self._on_shown(anew)
        for lot_id, report in change.lots.items():
            metrics.UNKNOWN_BAYS.labels(lot_id).set(report.tally.unknown)
        for count, finding in counting.findings:
            metrics.GATE_FINDINGS.labels(count.lot_id, count.gate, finding).inc()
        # Of what changes of a person's bay, not even that it changed is told.
        told = [each for each in anew if not self._board.is_hidden(each)]
        return self._publisher.offer(told, self._causes.of(self._board.city, accepted, told))

    def _anchors(
        self, accepted: Sequence[BayEvent | GateEvent], due: Iterable[Entity], now: datetime
    ) -> list[Anchor]:
        """Return what else tells how many vehicles are in the lots that are looked at."""
        city = self._board.city
        if not city.counted_at_gates:
            return []
        looked_at = {LotId(entity.id) for entity in due if entity.kind == "lot"}
        for event in accepted:
            if isinstance(event, GateEvent):
                looked_at.add(event.count.lot_id)
            elif not (bay := city.bays[event.observation.bay_id]).personal:
                looked_at.add(bay.lot_id)
        return [
            anchor
            for each in sorted(looked_at & city.counted_at_gates)
            for anchor in anchors_of(self._board, each, now)
        ]

    def _new_sensors(self, seen: Sequence[BayEvent]) -> set[tuple[BayId, SensorId]]:
        """Return whose names were not heard of their bays as far as is remembered."""
        named = (each.observation for each in seen if each.observation.sensor)
        tracks = self._board.tracks
        return {
            (each.bay_id, each.sensor)
            for each in named
            if each.bay_id not in tracks or each.sensor not in tracks[each.bay_id].sensors
        }

    def _ended(
        self,
        late: Iterable[tuple[BayId, datetime]],
        counted: Sequence[GateEvent],
        anchors: Sequence[Anchor],
    ) -> list[Marked]:
        """Return the ended buckets that these observations change."""
        closed, now = self._closed_until, utc_now()
        if closed is None:
            return []
        spans: dict[LotId, list[Span]] = {}
        for bay_id, at in late:
            if bay := self._board.city.bays.get(bay_id):
                span = touched(at, bay.heartbeat_limit + bay.grace, now)
                spans.setdefault(bay.lot_id, []).append(span)
        # A count changes all that follows it: `Counting` marks what was counted further on.
        times = [(each.count.lot_id, each.count.observed_at) for each in counted]
        for lot_id, at in [*times, *((anchor.lot_id, anchor.at) for anchor in anchors)]:
            if at < closed:
                spans.setdefault(lot_id, []).append(Span(at, min(closed, at + NEAR)))
        return [
            Marked(lot_id, start)
            for lot_id, found in spans.items()
            for start in ended_buckets(found, closed)
        ]

    async def _decide(
        self,
        connection: Any,
        heard: ByBay,
        refuted: Refuted,
        due: Iterable[Entity],
        balances: Mapping[LotId, Balance],
    ) -> Change:
        anew = {bay_id for bay_id, _ in refuted.bays} & self._board.city.bays.keys()
        standing = await events.standing(connection, anew) if anew else {}
        heard = {bay_id: said for bay_id, said in heard.items() if bay_id not in anew}
        since = {
            bay_id: start
            for bay_id, observations in heard.items()
            if (start := history_needed_from(self._board.tracks.get(bay_id), observations))
        }
        history = await events.history(connection, since) if since else {}
        before, looked_at = self._board.situation, due_of(due)
        change = decide(
            self._board.city,
            replace(before, balances={**before.balances, **balances}),
            heard,
            due=replace(looked_at, lots=looked_at.lots | balances.keys()),
            now=utc_now(),
            stored=Stored(history, standing),
        )
        change.balances.update(balances)
        return change

    def _replace_city(self, city: City) -> list[Entity]:
        """Take over a configuration; of lots newly counted at gates nothing is known."""
        for lot_id, lot in city.lots.items():
            if lot.balancing is not None and lot_id not in self._board.balances:
                self._board.balances[lot_id] = unknown_balance(lot.balancing, utc_now())
        self._board.signatures, faults = load_signatures(city.signing_keys.values())
        for key_id, fault in faults.items():
            log.error("signing_key_unusable", key_id=key_id, fault=fault)
        metrics.UNSIGNED_SIGNS.set(self._board.signatures.missing(city.signs.values()))
        return self._board.replace_city(city)

    def _everything(self) -> list[Entity]:
        return [Entity(kind, each) for kind in KINDS for each in self._board.ids[kind]]


def _by_bay(seen: Sequence[BayEvent], refuted: Refuted) -> ByBay:
    """Return what is said of each bay by those that were not refuted."""
    heard: ByBay = {}
    for event in seen:
        observation = event.observation
        if not refuted.keys or observation.key not in refuted.keys:
            heard.setdefault(observation.bay_id, []).append(observation)
    return heard


async def _close(connection: Any, since: datetime, until: datetime) -> None:
    await history.close(connection, since, until)
    await stretches.close(connection, since, until)


async def _read_configuration(connection: Any) -> tuple[int, Any]:
    return await configuration.version(connection), await configuration.load(connection)
