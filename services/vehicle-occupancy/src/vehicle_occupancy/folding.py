# SPDX-License-Identifier: EUPL-1.2
"""Folds what is said of vehicles into their loads, within a change's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.awake import speak
from vehicle_occupancy import metrics
from vehicle_occupancy.domain.city import City
from vehicle_occupancy.domain.history import (
    Folded,
    History,
    checkpoint_before,
    fold,
    in_order,
    is_late,
    rewound,
)
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.load.reading import Key, Reading, key_of
from vehicle_occupancy.domain.load.track import Correction, Track
from vehicle_occupancy.domain.persons import to_load
from vehicle_occupancy.domain.reading import Assignment, SensorReading
from vehicle_occupancy.storage import readings

EVER = datetime(2000, 1, 1, tzinfo=UTC)
AT_ONCE = 2000
"""So many stored readings are folded before the server is told that the transaction goes on; it may be years of them."""


class Folding:
    """What is said in one change, in one try of its transaction."""

    def __init__(
        self, connection: Any, city: City, waiting: frozenset[VehicleId] = frozenset()
    ) -> None:
        self._connection = connection
        self._waiting = waiting
        self.deferred: dict[VehicleId, datetime] = {}
        self._city = city
        self._zone = ZoneInfo(city.timezone)
        self.findings: Counter[str] = Counter()
        self.corrections: list[tuple[VehicleId, Correction]] = []
        self._checkpoints: list[tuple[VehicleId, datetime, Track]] = []

    async def take(
        self,
        vehicle_id: VehicleId,
        history: History,
        journeys: Journeys,
        *,
        before: Journeys,
        said: Sequence[SensorReading],
        told: Sequence[Assignment],
    ) -> History:
        """Return the history of a vehicle after what was not stored before.

        `journeys` are those after all that was `told`, `before` those known until then.
        """
        vehicle = self._city.vehicles[vehicle_id]
        if any(each.corrects for each in said) or _is_out_of_order(before, told):
            first = min(each.observed_at for each in (*said, *told))
            return await self.anew(vehicle_id, first)
        found = [to_load(vehicle, journeys, each, self._zone) for each in said]
        known = {each.event_id for each in before.ends(vehicle)}
        ends = [each for each in journeys.ends(vehicle) if each.event_id not in known]
        new = in_order([*(each for each in found if each is not None), *ends])
        if not new:
            return history
        first_key = key_of(new[0])
        if not is_late(history, first_key):
            return self._keep(vehicle_id, self._fold(vehicle_id, history, new))
        return await self._late(vehicle_id, history, first_key, new)

    async def _late(
        self, vehicle_id: VehicleId, history: History, first: Key, new: Sequence[Reading]
    ) -> History:
        found = rewound(history, first)
        if found is None:
            return await self._defer(vehicle_id, history, first[0], new)
        metrics.FOLDED_ANEW.labels("memory").inc()
        start, taken = found
        if taken and checkpoint_before(taken[-1].observed_at) > first[0]:
            await readings.drop_checkpoints(self._connection, vehicle_id, first[0])
        return self._keep(
            vehicle_id, self._fold(vehicle_id, start, in_order([*taken, *new])), known=True
        )

    async def _defer(
        self, vehicle_id: VehicleId, history: History, late: datetime, new: Sequence[Reading]
    ) -> History:
        """Return the history after what is not late; the rest is stored, and folded in its turn.

        Until then nothing after it may be begun from: a start would not know of it.
        """
        await readings.drop_checkpoints(self._connection, vehicle_id, late)
        self.deferred[vehicle_id] = late
        newer = [each for each in new if not is_late(history, key_of(each))]
        return self._keep(vehicle_id, self._fold(vehicle_id, history, newer))

    async def anew(self, vehicle_id: VehicleId, late: datetime) -> History:
        """Return the history of a vehicle from what is stored, beginning before a time."""
        metrics.FOLDED_ANEW.labels("stored").inc()
        found = await readings.checkpoint(self._connection, vehicle_id, late)
        await readings.drop_checkpoints(self._connection, vehicle_id, late)
        return await self.from_stored(vehicle_id, found)

    async def from_stored(
        self, vehicle_id: VehicleId, found: tuple[datetime, Track] | None
    ) -> History:
        """Return the history of a vehicle from a checkpoint, or from its first reading, on."""
        connection, vehicle = self._connection, self._city.vehicles[vehicle_id]
        since, track = found or (EVER, None)
        if track is not None and len(track.load) != vehicle.rules.most + 1:
            # The vehicle is configured with other places than it had.
            track = None
        told = await readings.assignments(connection, [vehicle_id], since)
        journeys = Journeys().plus(told)
        said = await readings.since(connection, vehicle_id, since)
        stored = [to_load(vehicle, journeys, each, self._zone) for each in said]
        ends = [each for each in journeys.ends(vehicle) if each.observed_at >= since]
        log = in_order([*(each for each in stored if each is not None), *ends])
        history = self._keep(
            vehicle_id, self._fold(vehicle_id, History(track), log[:AT_ONCE]), known=True
        )
        for begin in range(AT_ONCE, len(log), AT_ONCE):
            await speak(connection)
            some = log[begin : begin + AT_ONCE]
            history = self._keep(vehicle_id, self._fold(vehicle_id, history, some), known=True)
        return history

    async def write(self) -> None:
        """Store the checkpoints that were passed."""
        await readings.write_checkpoints(self._connection, self._checkpoints)

    def _fold(self, vehicle_id: VehicleId, history: History, said: Sequence[Reading]) -> Folded:
        return fold(self._city.vehicles[vehicle_id].rules, self._city.levels, history, said)

    def _keep(self, vehicle_id: VehicleId, folded: Folded, *, known: bool = False) -> History:
        if vehicle_id not in self._waiting and vehicle_id not in self.deferred:
            self._checkpoints += (
                (vehicle_id, until, track) for until, track in folded.checkpoints.items()
            )
        if not known:
            # Of what is folded again most was found before.
            self.findings.update(each.finding.value for each in folded.findings)
            self.corrections += ((vehicle_id, each) for each in folded.corrections)
        return folded.history


def _is_out_of_order(before: Journeys, told: Sequence[Assignment]) -> bool:
    """Tell whether assignments belong before some that were taken already, or end simulated ones."""
    newest = before.newest
    if newest is None:
        return False
    return any(
        not each.simulated
        if newest.simulated != each.simulated
        else each.identity < newest.identity
        for each in told
    )
