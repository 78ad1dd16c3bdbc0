# SPDX-License-Identifier: EUPL-1.2
"""What is public at a moment: states as they came, and unknown where they no longer hold."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, Generic, TypeVar, cast

from open_data_publisher.domain.guard import guarded
from stadttakt_messages.states import (
    BayState,
    BayStatus,
    LotState,
    SiteStatus,
    TripState,
    VehicleState,
)

NO_DATA = "NO_DATA_AVAILABLE"
"""GTFS-Realtime, `VehiclePosition.OccupancyStatus`."""
PLACE = ("lat", "lon", "bearing_deg", "speed_mps", "position_at")
"""Where a vehicle is: told as it is now, and never kept."""

AnyState = LotState | BayState | VehicleState | TripState
StateT = TypeVar("StateT", LotState, BayState, VehicleState, TripState)


@dataclass(frozen=True, slots=True)
class Published(Generic[StateT]):
    """A state as it holds at a moment, and since when its standing data are as they are.

    Feeds keep here what they have `written` of it.
    """

    state: StateT
    static_since: datetime
    written: dict[str, tuple[object, bytes]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything public `at` a moment, in the order of the ids."""

    at: datetime
    lots: tuple[Published[LotState], ...] = ()
    bays: tuple[Published[BayState], ...] = ()
    vehicles: tuple[Published[VehicleState], ...] = ()
    trips: tuple[Published[TripState], ...] = ()
    withdrawn_at: datetime | None = None

    @property
    def static_since(self) -> datetime:
        """When the standing data of lots and bays changed last, or one was withdrawn; `at` where there are none."""
        lots = (each.static_since for each in self.lots)
        bays = (each.static_since for each in self.bays)
        newest = max(chain(lots, bays), default=self.at)
        return newest if self.withdrawn_at is None else max(newest, self.withdrawn_at)

    def of(self, kind: str) -> tuple[Published[Any], ...]:
        """Return what is told of a kind of entity."""
        told: Mapping[str, tuple[Published[Any], ...]] = {
            "lot": self.lots,
            "bay": self.bays,
            "vehicle": self.vehicles,
            "trip": self.trips,
        }
        return told[kind]

    def is_simulated(self, kinds: Iterable[str]) -> bool:
        """Tell whether anything of some kinds stems from a simulation."""
        return any(each.state.simulated for kind in kinds for each in self.of(kind))

    def without_simulated(self) -> Truth:
        """Return what real sensors tell."""
        return replace(
            self,
            lots=_real(self.lots),
            bays=_real(self.bays),
            vehicles=_real(self.vehicles),
            trips=_real(self.trips),
        )


def truth_at(
    at: datetime,
    lots: Iterable[Published[LotState]],
    bays: Iterable[Published[BayState]],
    vehicles: Iterable[Published[VehicleState]],
    trips: Iterable[Published[TripState]] = (),
) -> Truth:
    """Return what may be told at a moment: what is over its time is unknown, never its old value.

    A bay is over with its lot: parking that stopped renews neither. A trip that is over is no more.
    """
    lots = tuple(lots)
    over = frozenset(each.state.lot_id for each in lots if is_over(each.state, at))
    parts = (_all_told(bays, at, over), _all_told(vehicles, at), _all_told(trips, at))
    return Truth(at, _all_told(lots, at), *parts)


def told_at(
    state: AnyState, at: datetime, lots_over: Container[str] = frozenset()
) -> AnyState | None:
    """Return what may be told of a state at a moment; nothing where it is not told of, or no more.

    Bays of `lots_over` are over, whatever their own time.
    """
    told = guarded(state)
    return told if told is None or not is_over(told, at, lots_over) else _over(told)


def is_over(state: AnyState, at: datetime, lots_over: Container[str] = frozenset()) -> bool:
    """Tell whether a state no longer holds at a moment, by its own time or that of a bay's lot."""
    if isinstance(state, BayState) and state.lot_id in lots_over:
        return True
    return state.valid_until is not None and state.valid_until <= at


def _real(all_: Iterable[Published[StateT]]) -> tuple[Published[StateT], ...]:
    return tuple(each for each in all_ if not each.state.simulated)


def _over(state: AnyState) -> AnyState | None:
    if isinstance(state, LotState):
        return _lot_over(state)
    if isinstance(state, BayState):
        return _bay_over(state)
    return _vehicle_over(state) if isinstance(state, VehicleState) else None


def _all_told(
    all_: Iterable[Published[StateT]], at: datetime, lots_over: Container[str] = frozenset()
) -> tuple[Published[StateT], ...]:
    told = ((told_at(each.state, at, lots_over), each.static_since) for each in all_)
    return tuple(
        Published(cast("StateT", state), since) for state, since in told if state is not None
    )


STANDING_FIELDS: Mapping[str, frozenset[str]] = {
    "lot": frozenset(
        {"name", "capacity", "opening", "detection", "lat", "lon", "max_stay_min", "by_kind"}
    ),
    "bay": frozenset({"lot_id", "kind", "lat", "lon", "max_stay_min", "restrictions"}),
}
"""What `standing` is made of, by kind: of this static feeds tell."""


def standing(state: AnyState) -> tuple[object, ...]:
    """Return the part of a state that an importer treats as static."""
    if isinstance(state, LotState):
        kinds = tuple(sorted((kind, count.capacity) for kind, count in state.by_kind.items()))
        place = (state.lat, state.lon, state.max_stay_min)
        return (state.name, state.capacity, state.opening, state.detection, *place, kinds)
    if isinstance(state, BayState):
        place = (state.lat, state.lon, state.max_stay_min)
        terms = ((each.type, each.max_stay_min, each.hours) for each in state.restrictions)
        return (state.lot_id, state.kind, *place, tuple(terms))
    return ()


def _lot_over(state: LotState) -> LotState:
    by_kind = {
        kind: count.model_copy(
            update={"free": 0, "occupied": 0, "unknown": count.capacity - count.out_of_service}
        )
        for kind, count in state.by_kind.items()
    }
    nothing = {
        "state": SiteStatus.UNKNOWN,
        "free": None,
        "free_min": None,
        "free_max": None,
        "occupied": 0,
        "unknown": state.capacity - state.out_of_service,
        "trend": None,
        "by_kind": by_kind,
        "closed_by": None,
        "closed_reason": None,
    }
    return state.model_copy(update=nothing)


def _bay_over(state: BayState) -> BayState:
    if state.state is BayStatus.OUT_OF_SERVICE:
        return state
    return state.model_copy(update={"state": BayStatus.UNKNOWN, "reason": "silent", "since": None})


def _vehicle_over(state: VehicleState) -> VehicleState:
    nothing = {
        "load": None,
        "load_min": None,
        "load_max": None,
        "percentage": None,
        "level": None,
        "occupancy_status": NO_DATA,
        "confidence": None,
        **dict.fromkeys(PLACE),
    }
    return state.model_copy(update=nothing)
