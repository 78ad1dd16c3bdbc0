# SPDX-License-Identifier: EUPL-1.2
"""The Halle folder and a simulation of it on a Monday morning."""

from dataclasses import replace
from pathlib import Path

from stadttakt_simulators.city.places import City, load_city
from stadttakt_simulators.city.simulation import SimulationConfig, load_simulation
from stadttakt_simulators.clock import SECOND, EpochNs
from stadttakt_simulators.faults import Fault, Rule
from stadttakt_simulators.simulation import Options, Simulation

ROOT = Path(__file__).parents[2]
HALLE = ROOT / "deploy" / "cities" / "halle"
SHARED_EXAMPLES = ROOT.parent / "shared" / "data" / "lorawan"
MONDAY = EpochNs(1_795_413_600 * SECOND)  # 2026-11-23T06:00:00Z


def halle() -> tuple[City, SimulationConfig]:
    return load_city(HALLE), replace(load_simulation(HALLE / "simulation.yaml"), shadowing_db=0.0)


def simulate(
    rules: dict[Fault, Rule] | None = None, *, speed: float = 60, seed: int = 7
) -> Simulation:
    city, config = halle()
    return Simulation(city, config, Options(seed, speed, rules or {}), MONDAY)
