# SPDX-License-Identifier: EUPL-1.2
"""How right the load of vehicles is, beside simpler ways to count, and what a reading costs.

`PYTHONPATH=tests python -m bench.vehicle_load [accuracy speed presence]`; `SEEDS="1 2 3"` and `VEHICLES=20`
change the amounts. Nothing is timed against the clock of another run: read the ratios.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import erf, exp, pi, sqrt
from statistics import fmean

import numpy as np
from rich.console import Console
from rich.table import Table

from stadttakt_simulators.transit.reports import StopTruth
from stadttakt_simulators.transit.town import Service
from stadttakt_simulators.transit.vehicles import Errors
from support.driven_day import (
    LEVELS,
    UNLEARNED,
    ZONE,
    Day,
    Judged,
    judge,
    judgeable,
    reading_of,
    rules_of,
    town,
)
from vehicle_occupancy.domain.load.level import level_of
from vehicle_occupancy.domain.load.reading import DoorCount, KnownEmpty, Reading
from vehicle_occupancy.domain.load.track import begin, take_all
from vehicle_occupancy.domain.load.vehicle import VehicleRules
from vehicle_occupancy.domain.presence import PresenceCalibration
from vehicle_occupancy.domain.presence_cells import CellSum, counted_cells
from vehicle_occupancy.domain.presence_fit import fit

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1 2 3").split()]
VEHICLES = int(os.environ.get("VEHICLES", "20"))
ERRORS = Errors(miss_in=0.03, miss_out=0.06, dead_doors=0.05, loss=0.02)
EVENING_H = 18
NINETIETH = 1.2816
console = Console(record=True, width=160)


@dataclass
class ResetSum:
    """Counts added up, cut at nobody and at what fits in, nobody at a terminal."""

    rules: VehicleRules
    load: float = 0.0

    def take(self, reading: Reading) -> None:
        """Add a reading."""
        if isinstance(reading, KnownEmpty):
            self.load = 0.0
        elif isinstance(reading, DoorCount):
            net = reading.counted.boarded - reading.counted.alighted
            self.load = min(max(self.load + net, 0.0), self.rules.most)

    def told(self) -> tuple[float, float, float]:
        """Return load and bounds; a sum has none."""
        return self.load, self.load, self.load


@dataclass
class Kalman:
    """Load and both shares of miscounts, normally distributed; the load's moments are cut at its bounds."""

    rules: VehicleRules
    mean: np.ndarray = field(default_factory=lambda: np.array([0.0, -0.03, -0.03]))
    covariance: np.ndarray = field(default_factory=lambda: np.diag([25.0, 0.03**2, 0.03**2]))

    def take(self, reading: Reading) -> None:
        """Predict by a count, correct by a terminal."""
        if isinstance(reading, KnownEmpty):
            self._correct(0.0, 1.0)
        elif isinstance(reading, DoorCount):
            boarded, alighted = reading.counted
            forward = np.array([[1.0, -boarded, alighted], [0, 1, 0], [0, 0, 1]])
            self.mean = (
                self.mean
                + np.array([boarded - alighted, 0, 0])
                + np.array([-boarded * self.mean[1] + alighted * self.mean[2], 0, 0])
            )
            noise = np.diag([0.05 * (boarded + alighted) + 0.05, 1e-7, 1e-7])
            self.covariance = forward @ self.covariance @ forward.T + noise
            self._cut()

    def _correct(self, value: float, variance: float) -> None:
        gain = self.covariance[:, 0] / (self.covariance[0, 0] + variance)
        self.mean = self.mean + gain * (value - self.mean[0])
        self.covariance = self.covariance - np.outer(gain, self.covariance[0])

    def _cut(self) -> None:
        sd = sqrt(max(float(self.covariance[0, 0]), 1e-9))
        low, high = (-self.mean[0]) / sd, (self.rules.most - self.mean[0]) / sd
        inside = _below(high) - _below(low)
        if inside < 1e-6 or low < -4:
            self.mean[0] = min(max(self.mean[0], 0.0), self.rules.most)
            return
        shift = (_density(low) - _density(high)) / inside
        shrink = 1 + (low * _density(low) - high * _density(high)) / inside - shift**2
        gain = self.covariance[:, 0] / self.covariance[0, 0]
        self.mean = self.mean + gain * shift * sd
        self.covariance = self.covariance - np.outer(gain, gain) * self.covariance[0, 0] * (
            1 - max(shrink, 1e-3)
        )

    def told(self) -> tuple[float, float, float]:
        """Return load and the bounds of four in five."""
        reach = NINETIETH * sqrt(max(float(self.covariance[0, 0]), 0.0))
        load = float(self.mean[0])
        return max(load, 0.0), max(load - reach, 0.0), load + reach


def _below(value: float) -> float:
    return 0.5 * (1 + erf(value / sqrt(2)))


def _density(value: float) -> float:
    return exp(-value * value / 2) / sqrt(2 * pi)


def judged_simply(service: Service, way: type[ResetSum | Kalman]) -> Day:
    """Return a day judged by one of the simple ways, fed the same in the same order."""
    day = Day()
    for rules, moments in judgeable(town(service)):
        counter, known = way(rules), set[str]()
        for each in moments:
            if isinstance(each, StopTruth):
                day.judged.append(_with(each, rules, counter.told()))
            elif each.event_id not in known:
                known.add(each.event_id)
                counter.take(each)
    return day


def _with(truth: StopTruth, rules: VehicleRules, told: tuple[float, float, float]) -> Judged:
    load, low, high = told
    return Judged(
        truth.vehicle_id,
        truth.at.astimezone(ZONE).hour,
        rules.places,
        truth.load,
        0,
        round(load),
        round(low) <= truth.load <= round(high),
        level_of(LEVELS, rules, round(load)) is level_of(LEVELS, rules, truth.load),
        0.0,
    )


def accuracy() -> Iterator[Table]:
    """Compare ways to count on seeded days."""
    table = Table(title=f"Load after each departure, {VEHICLES} vehicles, one Tuesday a seed")
    for name in ("seed", "way", "mean error, of places", "evening", "80 % interval holds", "level"):
        table.add_column(name)
    for seed in SEEDS:
        service = Service(seed, ERRORS, most_vehicles=VEHICLES)
        grid = judge(town(service))
        plain = grid.plain_error(), grid.plain_error(EVENING_H)
        table.add_row(str(seed), "plain sums", f"{plain[0]:.1%}", f"{plain[1]:.1%}", "-", "-")
        for name, day in (
            ("sums, cut and reset", judged_simply(service, ResetSum)),
            ("Kalman filter", judged_simply(service, Kalman)),
            ("grid filter", grid),
        ):
            late = Day([each for each in day.judged if each.hour >= EVENING_H])
            holds = "-" if name.startswith("sums") else f"{day.coverage():.1%}"
            table.add_row(
                "",
                name,
                f"{day.error():.2%}",
                f"{late.error():.2%}",
                holds,
                f"{day.level_accuracy():.1%}",
            )
        table.add_row("", "its confidence", "", "", "", f"{grid.confidence():.1%}")
    yield table


def presence() -> Iterator[Table]:
    """Show what calibration makes of vehicles with radio sensors alone."""
    table = Table(title="Vehicles with radio sensors alone, calibrated on three days of the others")
    for name in (
        "seed",
        "devices a person",
        "calibration",
        "mean error, of places",
        "80 % interval holds",
        "level",
    ):
        table.add_column(name)
    for seed, devices in [(seed, devices) for seed in SEEDS for devices in (1.0, 0.5)]:
        service = Service(seed, ERRORS, most_vehicles=VEHICLES, counted_share=0.5, devices=devices)
        learned = _learned(service)
        driven = town(service, date(2026, 3, 5))
        alone = {vehicle.vehicle_id for vehicle, _ in driven.rides if not vehicle.counts_doors}
        for name, known in (("assumed", UNLEARNED), ("learned", learned)):
            day = judge(driven, presence=True, calibration=known)
            own = Day([each for each in day.judged if each.vehicle_id in alone])
            table.add_row(
                str(seed),
                "as assumed" if devices == 1 else "half of that",
                name,
                f"{own.error():.1%}",
                f"{own.coverage():.1%}",
                f"{own.level_accuracy():.1%} (told {own.confidence():.1%})",
            )
    yield table


def _learned(service: Service) -> PresenceCalibration:
    cells: list[CellSum] = []
    for day in (2, 3, 4):
        driven = town(service, date(2026, 3, day))
        for number, (vehicle, block) in enumerate(driven.rides):
            found = {
                reading.event_id: reading
                for each in driven.of_vehicle(number)
                if (reading := reading_of(each, presence=True, line=block[0].line))
            }
            if vehicle.counts_doors:
                cells += counted_cells(rules_of(vehicle), found.values(), LEVELS)
    return fit(cells)


def speed() -> Iterator[Table]:
    """Measure a reading's cost in the fold alone, CPU of this process."""
    driven = town(Service(1, ERRORS, most_vehicles=4))
    table = Table(title="Fold of a vehicle's readings in the order of time")
    for name in ("readings", "CPU µs a reading"):
        table.add_column(name)
    for with_presence in (False, True):
        costs, number = [], 0
        for ride, (vehicle, block) in enumerate(driven.rides):
            rules = rules_of(vehicle)
            said = [
                reading
                for each in driven.of_vehicle(ride)
                if (reading := reading_of(each, presence=with_presence, line=block[0].line))
            ]
            said.sort(key=lambda each: each.observed_at)
            began = time.process_time()
            take_all(rules, begin(rules), said, LEVELS)
            costs.append((time.process_time() - began) / len(said) * 1e6)
            number += len(said)
        kind = "doors and devices" if with_presence else "doors"
        table.add_row(f"{number} ({kind})", f"{fmean(costs):.0f}")
    yield table


def main(wanted: list[str]) -> None:
    """Measure what is wanted, or everything."""
    for name, scenario in (("accuracy", accuracy), ("presence", presence), ("speed", speed)):
        if not wanted or name in wanted:
            for table in scenario():
                console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
