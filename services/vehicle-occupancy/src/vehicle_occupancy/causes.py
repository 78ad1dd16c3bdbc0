# SPDX-License-Identifier: EUPL-1.2
"""Which message changed what is shown of a vehicle to those who may know; what everybody sees tells of none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.tracing import Traces
from vehicle_occupancy.entity import Entity
from vehicle_occupancy.storage.readings import Event


class Causes:
    """What time changes has no cause; of several messages about a vehicle the last is named."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def of(self, accepted: Sequence[Event], anew: Collection[Entity]) -> dict[Entity, str]:
        """Return the `traceparent` behind each of these that a message stands behind.

        The public state (`vehicle`) has none: it would tell everybody which single message, and so
        whose boarding, it changed for.
        """
        by_vehicle: dict[VehicleId, str] = {}
        for event in accepted:
            if event.traceparent is not None:
                vehicle_id = event.said.vehicle_id
                about = {"stadttakt.vehicle": str(vehicle_id)}
                by_vehicle[vehicle_id] = self._traces.took(
                    "vehicle", event.traceparent, event.received_at, about
                )
        loads = {Entity("vehicle-load", each): cause for each, cause in by_vehicle.items()}
        return {entity: cause for entity, cause in loads.items() if entity in anew}
