# SPDX-License-Identifier: EUPL-1.2
"""The present in memory: what was committed of every vehicle; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.city import City
from vehicle_occupancy.domain.departures import Leg, departure_of
from vehicle_occupancy.domain.history import History
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.load.estimate import LoadEstimate, estimate
from vehicle_occupancy.domain.publication import KEY_BYTES, Published, publish
from vehicle_occupancy.domain.reading import Assignment, Position
from vehicle_occupancy.domain.report import (
    Report,
    assess,
    at_place,
    in_force,
    moved,
    public,
    replaces,
)
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.entity import VIEWS, Entity, Mark, View
from vehicle_occupancy.storage.states import to_leg, to_report, to_told

UNMARKED = Mark(version=0, change_no=0)
NOTHING_HEARD = History()
NO_JOURNEYS = Journeys()


@dataclass(slots=True)
class Change:
    """What one transaction changes: histories, trips, places, and what is shown anew."""

    histories: dict[VehicleId, History] = field(default_factory=dict)
    journeys: dict[VehicleId, Journeys] = field(default_factory=dict)
    positions: dict[VehicleId, Position] = field(default_factory=dict)
    legs: dict[VehicleId, Leg] = field(default_factory=dict)
    reports: dict[Entity, Report] = field(default_factory=dict)
    told: dict[VehicleId, Published] = field(default_factory=dict)


class Board:
    """Holds only what is in the tables: a change is adopted after its commit."""

    def __init__(self) -> None:
        self.city = City()
        # Of zero bytes until the service sets its own: with this one nothing can be published.
        self.publication_key = bytes(KEY_BYTES)
        self.told: dict[VehicleId, Published] = {}
        self.histories: dict[VehicleId, History] = {}
        self.journeys: dict[VehicleId, Journeys] = {}
        self.positions: dict[VehicleId, Position] = {}
        self.legs: dict[VehicleId, Leg] = {}
        self.change_no: dict[View, int] = dict.fromkeys(VIEWS, 0)
        self.ids: list[str] = []
        self._reports: dict[Entity, Report] = {}
        self._marks: dict[Entity, Mark] = {}
        # The last changed stands last: readers of changes walk it from its end.
        self._by_change: dict[View, dict[str, None]] = {view: {} for view in VIEWS}

    def replace_city(self, city: City) -> list[Entity]:
        """Take over a configuration; returns what is gone. Everything must be looked at then."""
        self.city = city
        self.ids = sorted(city.vehicles)
        gone = [entity for entity in self._reports if VehicleId(entity.id) not in city.vehicles]
        for entity in gone:
            self._reports.pop(entity)
            self._by_change[entity.view].pop(entity.id, None)
        return gone

    def restore(self, stored: Iterable[Any]) -> list[Entity]:
        """Take over stored states; returns those of vehicles that are not configured any more."""
        retired = []
        for row in stored:
            entity = Entity(row["view"], row["vehicle_id"])
            self._marks[entity] = Mark(row["version"], row["change_no"])
            self.change_no[entity.view] = max(self.change_no[entity.view], row["change_no"])
            vehicle = self.city.vehicles.get(VehicleId(entity.id))
            if vehicle is None:
                retired.append(entity)
            else:
                self._reports[entity] = to_report(row, vehicle)
                if (told := to_told(row)) is not None:
                    self.told[vehicle.vehicle_id] = told
                    if (leg := to_leg(row, told)) is not None:
                        self.legs[vehicle.vehicle_id] = leg
                self._by_change[entity.view][entity.id] = None
        return retired

    def decide(
        self,
        change: Change,
        vehicle_ids: Iterable[VehicleId],
        now: datetime,
        *,
        due: Collection[Entity] = (),
    ) -> None:
        """Put into a change what it shows anew of these vehicles; what is due is renewed.

        What everybody sees is renewed by the clock alone: with a message it would tell of the message.
        """
        for vehicle_id in vehicle_ids:
            vehicle = self.city.vehicles.get(vehicle_id)
            if vehicle is None:
                continue
            full, everybody = Entity("vehicle-load", vehicle_id), Entity("vehicle", vehicle_id)
            history = change.histories.get(vehicle_id) or self.histories.get(vehicle_id)
            history = history or NOTHING_HEARD
            journeys = change.journeys.get(vehicle_id) or self.journeys.get(vehicle_id)
            found = self._estimate(vehicle, history, now)
            newest = (journeys or NO_JOURNEYS).newest
            leg = change.legs.get(vehicle_id) or self.legs.get(vehicle_id)
            position = change.positions.get(vehicle_id) or self.positions.get(vehicle_id)
            report = at_place(assess(vehicle, found, newest, leg, now), position)
            told = change.told[vehicle_id] = self._tell(report, in_force(newest, now), leg, now)
            for entity, fresh in ((full, report), (everybody, public(report, told))):
                shown = self._reports.get(entity)
                may_renew = entity is full or entity in due
                if shown is None or replaces(fresh, shown, may_renew=may_renew):
                    change.reports[entity] = fresh
                elif (elsewhere := moved(fresh, shown)) is not None:
                    change.reports[entity] = elsewhere

    def _estimate(self, vehicle: Vehicle, history: History, now: datetime) -> LoadEstimate | None:
        if history.track is None:
            return None
        return estimate(vehicle.rules, history.track, now, self.city.levels, history.done)

    def _tell(
        self, report: Report, assignment: Assignment | None, leg: Leg | None, now: datetime
    ) -> Published:
        """Return what is told to everybody from the last departure on."""
        vehicle, city = report.vehicle, self.city
        before = self.told.get(vehicle.vehicle_id)
        last = before.departure if before else None
        departure = departure_of(vehicle.vehicle_id, assignment, leg, now, before=last)
        return publish(
            self.publication_key,
            city.publication,
            city.levels,
            vehicle.rules,
            # That nothing was known tells nothing of the load: it is no first word.
            before=before if before is not None and before.level is not None else None,
            departure=departure,
            load=report.load,
            # One word for a departure, in all that is published: that of the trip's stops.
            said=leg.level if leg is not None and leg.begins_at(departure) else None,
        )

    def stamp(self, change: Change) -> dict[Entity, Mark]:
        """Return the marks that a change will have: one more version, the next change number."""
        numbers, marks = dict(self.change_no), {}
        for entity in change.reports:
            numbers[entity.view] += 1
            marks[entity] = Mark(self.mark(entity).version + 1, numbers[entity.view])
        return marks

    def adopt(self, change: Change, marks: Mapping[Entity, Mark]) -> list[Entity]:
        """Show a committed change; returns what is shown anew."""
        self.histories.update(change.histories)
        self.journeys.update(change.journeys)
        self.positions.update(change.positions)
        self.legs.update(change.legs)
        self.told.update(change.told)
        self._reports.update(change.reports)
        self._marks.update(marks)
        for entity in change.reports:
            self._by_change[entity.view].pop(entity.id, None)
            self._by_change[entity.view][entity.id] = None
            self.change_no[entity.view] = marks[entity].change_no
        return list(change.reports)

    def due(self, now: datetime) -> list[Entity]:
        """Return whose answers must be renewed or are over."""
        return [
            entity
            for entity, report in self._reports.items()
            if now >= report.renewed_at + (report.valid_until - report.renewed_at) * 0.45
        ]

    def mark(self, entity: Entity) -> Mark:
        """Return the mark of what is shown of an entity."""
        return self._marks.get(entity, UNMARKED)

    def report(self, entity: Entity) -> Report | None:
        """Return what is shown of an entity."""
        return self._reports.get(entity)

    def everything(self) -> list[Entity]:
        """Return all that is shown."""
        return list(self._reports)

    def changed_since(self, view: View, change_no: int) -> Sequence[Entity]:
        """Return what changed after a change number, in the order of the changes."""
        found = []
        for entity_id in reversed(self._by_change[view]):
            entity = Entity(view, entity_id)
            if self.mark(entity).change_no <= change_no:
                break
            found.append(entity)
        return found[::-1]
