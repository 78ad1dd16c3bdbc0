# SPDX-License-Identifier: EUPL-1.2
"""What is said of an entity, what is kept of it and what a message changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from open_data_publisher.domain.truth import AnyState
from stadttakt_messages.states import BayState, LotState, TripState, VehicleState

Kind = Literal["lot", "bay", "vehicle", "trip"]
KINDS: tuple[Kind, ...] = ("lot", "bay", "vehicle", "trip")
MODELS: Mapping[str, type[LotState | BayState | VehicleState | TripState]] = {
    "lot": LotState,
    "bay": BayState,
    "vehicle": VehicleState,
    "trip": TripState,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says of one entity; `state` is None where it is withdrawn.

    `traceparent` is the step of the trace that sent it.
    """

    kind: Kind
    entity_id: str
    state: AnyState | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A state, since when its standing data are as they are, when it was told first and last."""

    state: AnyState
    static_since: datetime
    told_at: datetime
    heard_at: datetime

    @property
    def newest(self) -> datetime:
        """Return the latest of its times."""
        return max(self.static_since, self.told_at, self.heard_at)

    def told_anew(self, now: datetime) -> Entry:
        """Return it told now, with no time that is still to come."""
        return Entry(self.state, min(self.static_since, now), now, min(self.heard_at, now))


@dataclass(frozen=True, slots=True)
class Change:
    """What a message does; `entry` is None where it withdraws."""

    kind: Kind
    entity_id: str
    entry: Entry | None
    told_at: datetime


@dataclass(frozen=True, slots=True)
class StandingMarks:
    """Since when the rules of static feeds hold, and when anything that they tell of was withdrawn last."""

    rules_since: datetime | None = None
    withdrawn_at: datetime | None = None

    def until(self, moment: datetime) -> StandingMarks:
        """Return the marks with no time after a moment."""
        times = (self.rules_since, self.withdrawn_at)
        return StandingMarks(*(None if each is None else min(each, moment) for each in times))

    def withdrawn(self, at: datetime) -> StandingMarks:
        """Return the marks after something was withdrawn."""
        return (
            self
            if self.withdrawn_at and self.withdrawn_at >= at
            else replace(self, withdrawn_at=at)
        )


def id_of(state: AnyState) -> str:
    """Return the id of a state's entity."""
    if isinstance(state, LotState):
        return state.lot_id
    if isinstance(state, TripState):
        return state.trip_key
    return state.bay_id if isinstance(state, BayState) else state.vehicle_id
