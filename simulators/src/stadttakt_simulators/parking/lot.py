# SPDX-License-Identifier: EUPL-1.2
"""One car park: who may use which bay, who waits, who drives on. Pure: the caller brings every time and draw."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

# A driver looks for the own kind of bay first and takes a general one if need be, never the reverse.
ALLOWED_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "general": ("general",),
        "disabled": ("disabled", "general"),
        "family": ("family", "general"),
        "charging": ("charging", "general"),
        "disabled_assigned": ("disabled_assigned",),
        "resident": ("resident",),
        "taxi": ("taxi",),
    }
)
# Drivers walk little: among the free bays the next one in line is taken with this probability.
TAKE_NEXT = 0.45
MAX_QUEUE = 6


@dataclass(frozen=True, slots=True)
class Bay:
    """A parking space; the order of a lot's bays is the order in which drivers pass them."""

    bay_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class BayChange:
    """A car has just parked in a bay or left it."""

    at: datetime
    lot_id: str
    bay_id: str
    occupied: bool


@dataclass(frozen=True, slots=True)
class Driver:
    """A car at the entry since `came_at`, how long it will stay and until when it waits for a place."""

    kind: str
    stay: timedelta
    patience_until: datetime
    came_at: datetime


@dataclass(frozen=True, slots=True)
class Search:
    """A car came to a lot without a place for it and looked for one, until it parked or drove on."""

    lot_id: str
    came_at: datetime
    ended_at: datetime
    parked: bool


class CarPark:
    """The occupancy of a lot's bays and the queue before them; a bay never holds two cars."""

    def __init__(self, lot_id: str, bays: Sequence[Bay]) -> None:
        self.lot_id = lot_id
        self.bays = tuple(bays)
        self.failed_entries = 0
        self.searches: list[Search] = []
        self._occupied: set[str] = set()
        self._queue: deque[Driver] = deque()

    @property
    def cars(self) -> int:
        """How many bays are occupied."""
        return len(self._occupied)

    def is_occupied(self, bay_id: str) -> bool:
        """This function tells whether a car stands in the bay."""
        return bay_id in self._occupied

    def arrive(self, driver: Driver, rng: random.Random) -> Bay | None:
        """This function parks the car and returns its bay, or queues it, or counts a failed entry."""
        bay = self._choose(driver.kind, rng)
        if bay is not None:
            self._occupied.add(bay.bay_id)
        elif len(self._queue) < MAX_QUEUE:
            self._queue.append(driver)
        else:
            self._drive_on(driver, driver.came_at)
        return bay

    def leave(self, bay_id: str) -> None:
        """This function frees a bay."""
        self._occupied.remove(bay_id)

    def admit(self, now: datetime, rng: random.Random) -> Iterable[tuple[Driver, Bay]]:
        """This function parks whoever of the queue fits now; who lost patience leaves as a failed entry."""
        still_waiting: deque[Driver] = deque()
        admitted = []
        for driver in self._queue:
            bay = self._choose(driver.kind, rng) if driver.patience_until >= now else None
            if bay is not None:
                self._occupied.add(bay.bay_id)
                admitted.append((driver, bay))
                self.searches.append(Search(self.lot_id, driver.came_at, now, parked=True))
            elif driver.patience_until >= now:
                still_waiting.append(driver)
            else:
                self._drive_on(driver, driver.patience_until)
        self._queue = still_waiting
        return admitted

    def _drive_on(self, driver: Driver, at: datetime) -> None:
        self.failed_entries += 1
        self.searches.append(Search(self.lot_id, driver.came_at, at, parked=False))

    def _choose(self, driver_kind: str, rng: random.Random) -> Bay | None:
        for kind in ALLOWED_KINDS[driver_kind]:
            free = [
                bay for bay in self.bays if bay.kind == kind and bay.bay_id not in self._occupied
            ]
            for bay in free:
                if rng.random() < TAKE_NEXT:
                    return bay
            if free:
                return free[-1]
        return None
