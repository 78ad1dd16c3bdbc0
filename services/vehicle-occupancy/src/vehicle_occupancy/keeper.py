# SPDX-License-Identifier: EUPL-1.2
"""Every change of the present goes through here, one at a time: fold, commit, show, publish."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from stadttakt_messages.base import VehicleId
from stadttakt_runtime import rejected
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.rejected import Rejected
from vehicle_occupancy import metrics
from vehicle_occupancy.board import NO_JOURNEYS, NOTHING_HEARD, Board, Change
from vehicle_occupancy.causes import Causes
from vehicle_occupancy.domain.city import City
from vehicle_occupancy.domain.departures import Leg
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.load.drift import by_hour
from vehicle_occupancy.domain.reading import Assignment
from vehicle_occupancy.domain.report import LONGEST_ASSIGNMENT
from vehicle_occupancy.entity import Entity, Mark
from vehicle_occupancy.folding import Folding
from vehicle_occupancy.late import Late
from vehicle_occupancy.publisher import Publisher
from vehicle_occupancy.refusals import refusal_of
from vehicle_occupancy.storage import configuration, drift, known_trips, readings, states, visits
from vehicle_occupancy.storage.readings import Event
from vehicle_occupancy.taking import New, newest_positions, store

log = get_logger(__name__)

POSITION_HOLDS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a change is made of: what was said, and what is to be decided, shown or folded anew."""

    accepted: Sequence[Event] = ()
    refused: Sequence[Rejected] = ()
    due: Collection[VehicleId] = ()
    renewed: Collection[Entity] = ()
    legs: Mapping[VehicleId, Leg] = field(default_factory=dict)
    again: Mapping[VehicleId, datetime] = field(default_factory=dict)
    recognised: bool = False

    def looked_at(self) -> list[VehicleId]:
        """Return the vehicles of which is decided what is shown, in order."""
        return sorted({*self.due, *self.again, *(each.said.vehicle_id for each in self.accepted)})


class Keeper:
    """The only writer of states; a change is shown only after it is committed."""

    def __init__(
        self, database: Database, board: Board, publisher: Publisher, causes: Causes
    ) -> None:
        self._database = database
        self._board = board
        self._publisher = publisher
        self._causes = causes
        self._turn = asyncio.Lock()
        self._late = Late()
        self._version: int | None = None

    async def start(self) -> None:
        """Read configuration and states, look at everything, publish what was left open."""
        async with self._turn:
            version, city = await self._database.persist(_read_configuration)
            board = self._board
            board.replace_city(city)
            await self._database.persist(self._remember)
            since = utc_now() - POSITION_HOLDS
            for position in await self._database.persist(
                lambda c: readings.last_positions(c, since)
            ):
                board.positions[position.vehicle_id] = position
            retired = board.restore(await self._database.persist(states.read))
            self._version = version
            self._publisher.offer(retired)
            await self._change(Wanted(due=city.vehicles))
        log.info("state_loaded", vehicles=len(city.vehicles))

    async def reload_configuration(self) -> None:
        """Take over the configuration where a newer one was applied."""
        if await self._database.persist(configuration.version) == self._version:
            return
        async with self._turn:
            version, city = await self._database.persist(_read_configuration)
            if version == self._version:
                return
            gone = self._board.replace_city(city)
            await self._database.persist(self._remember)
            self._publisher.offer(gone)
            await self._change(Wanted(due=city.vehicles))
            # Only now: whoever finds this version must find it shown.
            self._version = version
        log.info("configuration_loaded", version=version, gone=len(gone))

    def refusal(self, event: Event) -> tuple[str, str] | None:
        """Return why something cannot be taken as the city is configured: reason, detail."""
        return refusal_of(self._board.city, event.said)

    def vehicle_of(self, sensor: str) -> VehicleId | None:
        """Return the vehicle that a counting system calls so, or that has this id itself."""
        city = self._board.city
        if VehicleId(sensor) in city.vehicles:
            return VehicleId(sensor)
        return city.sensors.get(sensor)

    async def take(
        self, accepted: Sequence[Event], refused: Sequence[Rejected] = ()
    ) -> Awaitable[None]:
        """Store what was said and what it changes; awaiting the answer waits for the broker.

        It must be of configured vehicles. Waits as long as the database is away.
        """
        async with self._turn:
            return await self._change(Wanted(accepted=accepted, refused=refused))

    async def recognise_trips(self) -> int:
        """Use assignments whose trips a timetable has by now; returns of how many vehicles."""
        async with self._turn:
            found = await self._database.persist(known_trips.now_known)
            if found:
                await self._change(Wanted(again=found, recognised=True))
        return len(found)

    async def fold_late(self) -> bool:
        """Fold a vehicle anew of which something came very late; False where none is due."""
        async with self._turn:
            due = self._late.take(utc_now())
            if due is not None:
                await self._change(Wanted(again=dict([due])))
        return due is not None

    async def pass_time(self) -> None:
        """Renew answers before they are over, and end those that nobody renews."""
        async with self._turn:
            due = self._board.due(utc_now())
            if due:
                await self._change(Wanted(due={VehicleId(each.id) for each in due}, renewed=due))

    async def look_at_everything(self) -> None:
        """Decide all that is shown anew, as after a start."""
        async with self._turn:
            await self._change(
                Wanted(due=self._board.city.vehicles, renewed=self._board.everything())
            )

    async def tell(self, legs: Mapping[VehicleId, Leg]) -> None:
        """Show which stops vehicles make for, and what everybody is told from there."""
        async with self._turn:
            known = self._board.legs
            new = {each: leg for each, leg in legs.items() if leg.is_news_after(known.get(each))}
            if new:
                await self._change(Wanted(due=new, legs=new))

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
        self._publisher.offer(self._board.everything())

    async def _remember(self, connection: Any) -> None:
        """Fold what is stored of each vehicle, from its last checkpoint on."""
        board, folding = self._board, Folding(connection, self._board.city)
        board.journeys.update(await _journeys(connection, board.city.vehicles))
        checkpoints = await readings.last_checkpoints(connection)
        for vehicle_id in board.city.vehicles:
            found = checkpoints.get(vehicle_id)
            board.histories[vehicle_id] = await folding.from_stored(vehicle_id, found)

    async def _fold_anew(
        self,
        connection: Any,
        folding: Folding,
        since: Mapping[VehicleId, datetime],
        change: Change,
    ) -> None:
        """Put into a change the trips and loads of vehicles of which more is believed since then."""
        known = {each: at for each, at in since.items() if each in self._board.city.vehicles}
        change.journeys.update(await _journeys(connection, known))
        for vehicle_id, at in known.items():
            change.histories[vehicle_id] = await folding.anew(vehicle_id, at)

    def _is_lost(self, entity: Entity) -> bool:
        """Tell whether nobody is publishing an entity, nor has since the last sweep."""
        if self._board.report(entity) is None or self._publisher.is_under_way(entity):
            return False
        return self._publisher.acknowledged(entity) != self._board.mark(entity).version

    async def _fold(self, folding: Folding, new: New) -> Change:
        """Return what the loads and trips of vehicles are after what is new."""
        board, change = self._board, Change()
        for vehicle_id in sorted(new.said.keys() | new.told.keys()):
            before = board.journeys.get(vehicle_id, NO_JOURNEYS)
            journeys = before.plus(new.told[vehicle_id]) if new.told[vehicle_id] else before
            change.journeys[vehicle_id] = journeys.lately()
            change.histories[vehicle_id] = await folding.take(
                vehicle_id,
                board.histories.get(vehicle_id, NOTHING_HEARD),
                journeys,
                before=before,
                said=new.said[vehicle_id],
                told=new.told[vehicle_id],
            )
        return change

    async def _change(self, wanted: Wanted) -> Awaitable[None]:
        """Commit and show what is wanted, and offer it to the publisher."""
        tries = 0

        async def work(connection: Any) -> tuple[Change, dict[Entity, Mark], Folding]:
            nonlocal tries
            tries += 1
            return await self._work(connection, wanted, repeated=tries > 1)

        with metrics.COMMIT_SECONDS.time():
            change, marks, folding = await self._database.persist(work)
        self._late.add(folding.deferred, utc_now())
        _show(folding)
        anew = self._board.adopt(change, marks)
        causes = self._causes.of(wanted.accepted, change.reports.keys())
        return self._publisher.offer(anew, causes)

    async def _work(
        self, connection: Any, wanted: Wanted, *, repeated: bool
    ) -> tuple[Change, dict[Entity, Mark], Folding]:
        """Store what is wanted in a transaction; return what is to be shown once it is committed."""
        board, accepted = self._board, wanted.accepted
        if wanted.refused:
            await rejected.insert(connection, wanted.refused)
        folding = Folding(connection, board.city, self._late.vehicles)
        change = await self._fold(folding, await store(connection, accepted, repeated=repeated))
        if wanted.recognised:
            await known_trips.note_known(connection)
        if wanted.again:
            await self._fold_anew(connection, folding, wanted.again, change)
        said = ((event.said.vehicle_id, event.said.observed_at) for event in accepted)
        await visits.mark_late(connection, [*said, *wanted.again.items()])
        change.positions = newest_positions(accepted, board.positions)
        change.legs = dict(wanted.legs)
        await folding.write()
        await drift.add(connection, by_hour(folding.corrections))
        board.decide(change, wanted.looked_at(), utc_now(), due=frozenset(wanted.renewed))
        marks = board.stamp(change)
        await states.write(connection, change.reports, marks, change.told)
        return change, marks, folding


def _show(folding: Folding) -> None:
    """Count what folding found and corrected."""
    for finding, times in folding.findings.items():
        metrics.FINDINGS.labels(finding).inc(times)
    for _, correction in folding.corrections:
        direction = "too_many" if correction.amount < 0 else "too_few"
        metrics.DRIFT.labels(correction.cause.value, direction).observe(abs(correction.amount))


async def _journeys(connection: Any, vehicle_ids: Iterable[VehicleId]) -> dict[VehicleId, Journeys]:
    """Return the trips that are stored of vehicles as they served them lately."""
    wanted = list(vehicle_ids)
    told: defaultdict[VehicleId, list[Assignment]] = defaultdict(list)
    for each in await readings.assignments(connection, wanted, utc_now() - LONGEST_ASSIGNMENT):
        told[each.vehicle_id].append(each)
    return {vehicle_id: Journeys().plus(told[vehicle_id]).lately() for vehicle_id in wanted}


async def _read_configuration(connection: Any) -> tuple[int, City]:
    return await configuration.version(connection), await configuration.load(connection)
