# SPDX-License-Identifier: EUPL-1.2
"""Arrivals and departures of all car parks over time: inhomogeneous Poisson arrivals, log-normal dwell. Pure."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from stadttakt_simulators.parking.lot import Bay, BayChange, CarPark, Driver, Search
from stadttakt_simulators.parking.profiles import Profile

# Share of drivers who look for a special bay first, where the lot has such bays.
SPECIAL_SHARE = {"disabled": 0.03, "family": 0.06, "charging": 0.05, "taxi": 0.1}
# Bays with an owner: arrivals of that owner per bay and day.
OWNED_KINDS = {"disabled_assigned": 1.4, "resident": 1.4}
SHORTEST_STAY = timedelta(minutes=3)
LONGEST_STAY = timedelta(hours=20)
PATIENCE_MEAN_MIN = 4.0
WARM_UP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class LotDemand:
    """A lot with its bays in the order of choice and the profile of who comes."""

    lot_id: str
    bays: tuple[Bay, ...]
    profile: Profile


class _Lot:
    """A car park and the process that feeds it; its own generator keeps lots independent of each other."""

    def __init__(self, demand: LotDemand, zone: ZoneInfo, seed: int, start: datetime) -> None:
        self.park = CarPark(demand.lot_id, demand.bays)
        self.rng = random.Random(f"{seed}/{demand.lot_id}")
        self._profile = demand.profile
        self._zone = zone
        kinds = Counter(bay.kind for bay in demand.bays)
        self._shared = sum(count for kind, count in kinds.items() if kind not in OWNED_KINDS)
        self._owned = {kind: kinds[kind] for kind in OWNED_KINDS if kinds[kind]}
        self._special = {kind: SPECIAL_SHARE[kind] for kind in SPECIAL_SHARE if kinds[kind]}
        self.next_arrival = self._after(start)

    def arrive(self, at: datetime) -> tuple[Driver, Bay | None]:
        driver = self._driver(at)
        bay = self.park.arrive(driver, self.rng)
        self.next_arrival = self._after(at)
        return driver, bay

    def _after(self, at: datetime) -> datetime:
        """This function draws the next arrival by thinning (Lewis and Shedler 1979)."""
        peak = self._peak_rate_h()
        if peak == 0:
            return at + timedelta(days=3650)
        while True:
            at += timedelta(hours=self.rng.expovariate(peak))
            if self.rng.random() * peak <= self._rate_h(at):
                return at

    def _rate_h(self, at: datetime) -> float:
        owners = sum(OWNED_KINDS[kind] * count for kind, count in self._owned.items()) / 24
        return self._shared * self._profile.rate_per_bay_h(at.astimezone(self._zone)) + owners

    def _peak_rate_h(self) -> float:
        owners = sum(OWNED_KINDS[kind] * count for kind, count in self._owned.items()) / 24
        return self._shared * self._profile.peak_rate_per_bay_h() + owners

    def _driver(self, at: datetime) -> Driver:
        profile, rng = self._profile, self.rng
        median_s = profile.dwell_median_min * 60
        stay = timedelta(seconds=rng.lognormvariate(math.log(median_s), profile.dwell_sigma))
        patience = timedelta(minutes=rng.expovariate(1 / PATIENCE_MEAN_MIN))
        stay = min(max(stay, SHORTEST_STAY), LONGEST_STAY)
        return Driver(self._kind(at), stay, at + patience, at)

    def _kind(self, at: datetime) -> str:
        owners = {kind: OWNED_KINDS[kind] * count / 24 for kind, count in self._owned.items()}
        draw = self.rng.random() * self._rate_h(at)
        for kind, rate in owners.items():
            draw -= rate
            if draw < 0:
                return kind
        draw = self.rng.random()
        for kind, share in self._special.items():
            draw -= share
            if draw < 0:
                return kind
        return "general"


class ParkingDemand:
    """All lots of a city, advanced by explicit time; the same seed gives the same cars."""

    def __init__(
        self, lots: Sequence[LotDemand], *, zone: ZoneInfo, seed: int, start: datetime
    ) -> None:
        self._lots = {demand.lot_id: _Lot(demand, zone, seed, start - WARM_UP) for demand in lots}
        self._departures: list[tuple[datetime, str, str]] = []
        self._failed_before = 0
        self.advance(start)
        self._failed_before = self.failed_entries
        self.take_searches()

    def advance(self, until: datetime) -> list[BayChange]:
        """This function lets time pass and returns what changed since the call before, in order of time."""
        changes: list[BayChange] = []
        while (step := self._next(until)) is not None:
            at, lot_id, bay_id = step
            lot = self._lots[lot_id]
            if bay_id is None:
                driver, bay = lot.arrive(at)
                self._park(lot, at, driver, bay, changes)
                continue
            lot.park.leave(bay_id)
            changes.append(BayChange(at, lot_id, bay_id, occupied=False))
            for driver, free_bay in lot.park.admit(at, lot.rng):
                self._park(lot, at, driver, free_bay, changes)
        return changes

    def occupied_bays(self) -> Mapping[str, bool]:
        """This function returns the state of every bay as of the last advance."""
        return {
            bay.bay_id: lot.park.is_occupied(bay.bay_id)
            for lot in self._lots.values()
            for bay in lot.park.bays
        }

    @property
    def cars(self) -> int:
        """How many cars stand in all lots."""
        return sum(lot.park.cars for lot in self._lots.values())

    @property
    def failed_entries(self) -> int:
        """How many drivers gave up before a full lot since the start, the warm-up left out."""
        failed = sum(lot.park.failed_entries for lot in self._lots.values())
        return failed - self._failed_before

    def take_searches(self) -> list[Search]:
        """This function returns who looked for a place in vain at first, since the call before, by lot.

        Who drives on is noticed when the next car leaves the lot, with the time at which it did.
        """
        found = [search for lot in self._lots.values() for search in lot.park.searches]
        for lot in self._lots.values():
            lot.park.searches = []
        return found

    def _next(self, until: datetime) -> tuple[datetime, str, str | None] | None:
        lot_id, lot = min(self._lots.items(), key=lambda item: item[1].next_arrival)
        if self._departures and self._departures[0][0] <= lot.next_arrival:
            return heapq.heappop(self._departures) if self._departures[0][0] <= until else None
        return (lot.next_arrival, lot_id, None) if lot.next_arrival <= until else None

    def _park(
        self, lot: _Lot, at: datetime, driver: Driver, bay: Bay | None, changes: list[BayChange]
    ) -> None:
        if bay is None:
            return
        heapq.heappush(self._departures, (at + driver.stay, lot.park.lot_id, bay.bay_id))
        changes.append(BayChange(at, lot.park.lot_id, bay.bay_id, occupied=True))
