# SPDX-License-Identifier: EUPL-1.2
"""Which observation changed what is shown: its trace goes on to bays, lots and signs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parking_occupancy.domain.city import City
from parking_occupancy.entity import Entity
from parking_occupancy.storage.counts import GateEvent
from parking_occupancy.storage.events import BayEvent
from stadttakt_messages.base import LotId, SignId
from stadttakt_runtime.tracing import Traces


class Causes:
    """What time changes has no cause; of several observations in one lot the last is named."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def of(
        self, city: City, accepted: Sequence[BayEvent | GateEvent], anew: Iterable[Entity]
    ) -> dict[Entity, str]:
        """Return the `traceparent` behind each of these that an observation stands behind."""
        by_bay: dict[str, str] = {}
        by_lot: dict[LotId, str] = {}
        for event in accepted:
            if event.traceparent is None or _is_hidden(city, event):
                continue
            step = self._step(event, event.traceparent)
            if isinstance(event, GateEvent):
                by_lot[event.count.lot_id] = step
            else:
                bay_id = event.observation.bay_id
                by_bay[bay_id] = by_lot[city.bays[bay_id].lot_id] = step
        if not by_lot:
            return {}
        found: dict[Entity, str] = {}
        for entity in anew:
            cause = (
                by_bay.get(entity.id) if entity.kind == "bay" else _of_lots(city, entity, by_lot)
            )
            if cause is not None:
                found[entity] = cause
        return found

    def _step(self, event: BayEvent | GateEvent, traceparent: str) -> str:
        """Tell of a sampled observation that is committed; return what continues its trace."""
        if isinstance(event, GateEvent):
            subject = {"stadttakt.lot": event.count.lot_id, "stadttakt.gate": event.count.gate}
        else:
            subject = {"stadttakt.bay": event.observation.bay_id}
        return self._traces.took("parking", traceparent, event.received_at, subject)


def _is_hidden(city: City, event: BayEvent | GateEvent) -> bool:
    """Tell whether an observation is of a person's bay: not even a lot tells that something was."""
    return isinstance(event, BayEvent) and city.bays[event.observation.bay_id].personal


def _of_lots(city: City, entity: Entity, by_lot: dict[LotId, str]) -> str | None:
    if entity.kind == "lot":
        return by_lot.get(LotId(entity.id))
    lot_id = city.signs[SignId(entity.id)].lot_id
    alternatives = city.lots[lot_id].alternatives
    return next((by_lot[each] for each in (lot_id, *alternatives) if each in by_lot), None)
