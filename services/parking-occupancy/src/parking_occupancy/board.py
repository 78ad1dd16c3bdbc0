# SPDX-License-Identifier: EUPL-1.2
"""The present in memory: what was committed of every bay, lot and sign; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from parking_occupancy.domain.balance import Balance
from parking_occupancy.domain.bay import BayReport
from parking_occupancy.domain.change import Change, Due, Situation
from parking_occupancy.domain.city import City
from parking_occupancy.domain.deadlines import Deadlines
from parking_occupancy.domain.lot import LotReport
from parking_occupancy.domain.sensors import BayTrack
from parking_occupancy.domain.sign import SignReport
from parking_occupancy.domain.validity import next_look
from parking_occupancy.entity import Entity, Kind, Mark
from parking_occupancy.signing import Signatures
from parking_occupancy.storage import rows
from parking_occupancy.storage.track_rows import to_track
from stadttakt_messages.base import BayId, LotId, SignId

KINDS: tuple[Kind, ...] = ("bay", "lot", "sign")
Report = BayReport | LotReport | SignReport
UNMARKED = Mark(version=0, change_no=0)


class Board:
    """Holds only what is in the tables: a change is adopted after its commit."""

    def __init__(self) -> None:
        self.city = City.of((), (), ())
        self.tracks: dict[BayId, BayTrack] = {}
        self.bays: dict[BayId, BayReport] = {}
        self.lots: dict[LotId, LotReport] = {}
        self.signs: dict[SignId, SignReport] = {}
        self.balances: dict[LotId, Balance] = {}
        self.situation = Situation(self.tracks, self.bays, self.lots, self.signs, self.balances)
        self.deadlines: Deadlines[Entity] = Deadlines()
        self.change_no = 0
        self.signatures = Signatures({})
        self._reports: dict[Kind, dict[Any, Any]]
        self._reports = {"bay": self.bays, "lot": self.lots, "sign": self.signs}
        self._marks: dict[Entity, Mark] = {}
        # The last changed stands last: readers of changes walk it from its end.
        self._by_change: dict[Kind, dict[str, None]] = {kind: {} for kind in KINDS}
        self.ids: dict[Kind, list[str]] = {kind: [] for kind in KINDS}

    def replace_city(self, city: City) -> list[Entity]:
        """Take over a configuration; returns what is gone, or has become that of a person.

        Everything must be looked at then.
        """
        hidden = [
            Entity("bay", bay_id)
            for bay_id, bay in city.bays.items()
            if bay.personal and bay_id in self.bays and not self.bays[bay_id].bay.personal
        ]
        self.city = city
        configured = {
            *(Entity("bay", bay_id) for bay_id in city.bays),
            *(Entity("lot", lot_id) for lot_id in city.lots),
            *(Entity("sign", sign_id) for sign_id in city.signs),
        }
        gone = [entity for entity in self._shown() if entity not in configured]
        for entity in gone:
            self._reports[entity.kind].pop(entity.id)
            self._by_change[entity.kind].pop(entity.id, None)
            self.deadlines.forget(entity)
        for entity in hidden:
            self._by_change[entity.kind].pop(entity.id, None)
            # At once: who asks or publishes before all is looked at anew must not see it as it was.
            bay = city.bays[BayId(entity.id)]
            self.bays[bay.bay_id] = self.bays[bay.bay_id]._replace(bay=bay)
        for kind in KINDS:
            self.ids[kind] = sorted(entity.id for entity in configured if entity.kind == kind)
        return [*gone, *hidden]

    def restore(self, kind: Kind, stored: Iterable[Any]) -> None:
        """Take over stored rows; of entities that are not configured any more only the mark."""
        for row in sorted(stored, key=lambda each: each["change_no"]):
            entity = Entity(kind, row[f"{kind}_id"])
            self._marks[entity] = Mark(row["version"], row["change_no"])
            self.change_no = max(self.change_no, row["change_no"])
            if kind == "bay":
                self._remember(BayId(entity.id), to_track(row))
            self._by_change[kind].pop(entity.id, None)
            if self._restore_report(entity, row) and not self.is_hidden(entity):
                self._by_change[kind][entity.id] = None

    def _remember(self, bay_id: BayId, track: BayTrack | None) -> None:
        if track is None:
            self.tracks.pop(bay_id, None)
        else:
            self.tracks[bay_id] = track

    def _restore_report(self, entity: Entity, row: Any) -> bool:
        city = self.city
        if entity.kind == "bay" and (bay := city.bays.get(BayId(entity.id))):
            self.bays[bay.bay_id] = rows.to_bay(row, bay)
        elif entity.kind == "lot" and (lot := city.lots.get(LotId(entity.id))):
            self.lots[lot.lot_id] = rows.to_lot(row, lot)
        elif entity.kind == "sign" and (sign := city.signs.get(SignId(entity.id))):
            self.signs[sign.sign_id] = rows.to_sign(row, sign)
        else:
            return False
        return True

    def stamp(self, change: Change) -> dict[Entity, Mark]:
        """Return the marks that a change will have: one more version, the next change number.

        A bay of which only more is remembered keeps its mark. Those of persons have no change
        number of their own: who polls changes would count them.
        """
        marks = {
            entity: self.mark(entity)
            for entity in (
                Entity("bay", bay_id) for bay_id in change.tracks if bay_id not in change.bays
            )
        }
        number = self.change_no
        for entity in changed(change):
            number += not self.is_hidden(entity)
            marks[entity] = Mark(self.mark(entity).version + 1, number)
        return marks

    def adopt(self, change: Change, marks: dict[Entity, Mark]) -> list[Entity]:
        """Show a committed change; returns what is shown anew."""
        for bay_id, track in change.tracks.items():
            if track is not None:
                self.tracks[bay_id] = track
            else:
                self.tracks.pop(bay_id, None)
        self.bays.update(change.bays)
        self.lots.update(change.lots)
        self.signs.update(change.signs)
        self.balances.update(change.balances)
        self._marks.update(marks)
        anew = list(changed(change))
        for entity in anew:
            if self.is_hidden(entity):
                continue
            order = self._by_change[entity.kind]
            order.pop(entity.id, None)
            order[entity.id] = None
            self.change_no += 1
        return anew

    def is_hidden(self, entity: Entity) -> bool:
        """Tell whether nothing of an entity may leave the service: a person's bay."""
        bay = self.city.bays.get(BayId(entity.id)) if entity.kind == "bay" else None
        return bay is not None and bay.personal

    def schedule(self, entities: Iterable[Entity], now: datetime) -> None:
        """Set when these must be looked at next."""
        for entity in entities:
            report: Report | None = self._reports[entity.kind].get(entity.id)
            if isinstance(report, BayReport) and report.silent_at is not None:
                self.deadlines.set(entity, report.valid_until)
            elif report is not None:
                self.deadlines.set(entity, next_look(report, now))

    def mark(self, entity: Entity) -> Mark:
        """Return the mark of what is shown of an entity."""
        return self._marks.get(entity, UNMARKED)

    def report(self, entity: Entity) -> Report | None:
        """Return what is shown of an entity."""
        report: Report | None = self._reports[entity.kind].get(entity.id)
        return report

    def changed_since(self, kind: Kind, change_no: int) -> Sequence[Entity]:
        """Return what changed after a change number, in the order of the changes."""
        found = []
        for entity_id in reversed(self._by_change[kind]):
            entity = Entity(kind, entity_id)
            if self.mark(entity).change_no <= change_no:
                break
            found.append(entity)
        return found[::-1]

    def _shown(self) -> list[Entity]:
        return [Entity(kind, each) for kind in KINDS for each in self._reports[kind]]


def changed(change: Change) -> Iterator[Entity]:
    """Yield what a change shows anew: bays, then lots, then signs."""
    yield from (Entity("bay", bay_id) for bay_id in change.bays)
    yield from (Entity("lot", lot_id) for lot_id in change.lots)
    yield from (Entity("sign", sign_id) for sign_id in change.signs)


def due_of(entities: Iterable[Entity]) -> Due:
    """Return entities as what is due."""
    found = list(entities)
    return Due(
        bays=frozenset(BayId(entity.id) for entity in found if entity.kind == "bay"),
        lots=frozenset(LotId(entity.id) for entity in found if entity.kind == "lot"),
        signs=frozenset(SignId(entity.id) for entity in found if entity.kind == "sign"),
    )
