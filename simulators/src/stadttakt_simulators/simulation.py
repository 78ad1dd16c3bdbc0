# SPDX-License-Identifier: EUPL-1.2
"""Cars, sensors and network together, advanced by explicit time; owns no socket and no clock."""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from stadttakt_simulators.air import Air
from stadttakt_simulators.city.places import City
from stadttakt_simulators.city.section import CityError
from stadttakt_simulators.city.simulation import SimulationConfig
from stadttakt_simulators.clock import SECOND, EpochNs, later, rfc3339, to_datetime
from stadttakt_simulators.faults import Fault, FaultPlan, Rule
from stadttakt_simulators.lorawan.dialects.model import Message
from stadttakt_simulators.lorawan.encoders.model import Occasion
from stadttakt_simulators.network import Network, Node
from stadttakt_simulators.parking.demand import LotDemand, ParkingDemand
from stadttakt_simulators.parking.lot import BayChange
from stadttakt_simulators.population import add_strangers, populate
from stadttakt_simulators.sensors import BayWatch, GateWatch, Surroundings, surroundings
from stadttakt_simulators.truth import BayTruth, GateTruth, SearchTruth, Truth

# A counter reports its battery with every so many'th report.
HEALTH_EVERY = 12
STARTUP_AFTER_S, FIRST_HEARTBEAT_AFTER_S = 0.2, 0.5
FIRST_HEARTBEAT_RETRY_S = 2.0
HEARTBEAT_SHARES = (0.7, 0.95)


class Action(StrEnum):
    """What a node does at a planned time."""

    JOIN = "join"
    STARTUP = "startup"
    FIRST_HEARTBEAT = "first_heartbeat"
    HEARTBEAT = "heartbeat"
    FALL_SILENT = "fall_silent"


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may override."""

    seed: int
    speed: float
    faults: Mapping[Fault, Rule]


class Simulation:
    """One city from `now` on; `step` must be called with rising times."""

    def __init__(
        self, city: City, config: SimulationConfig, options: Options, now: EpochNs
    ) -> None:
        self._zone, self._speed = city.zone, options.speed
        self._began = now
        self._demand_began = _demand_start(config, city, now)
        self._rng = random.Random(f"{options.seed}/nodes")
        network = Network(
            config.chirpstack,
            config.tts,
            gateways=config.gateways,
            shadowing_db=config.shadowing_db,
            rng=random.Random(f"{options.seed}/radio"),
        )
        self._plan = FaultPlan(options.faults, random.Random(f"{options.seed}/faults"))
        self.air = Air(network, self._plan, random.Random(f"{options.seed}/air"))
        self.population = populate(
            city, network, vehicle_peak_devices=config.vehicle_peak_devices, now=now, rng=self._rng
        )
        add_strangers(
            self.population, city, network, sorted(self._plan.devices(Fault.UNKNOWN_DEVICE))
        )
        self.demand = ParkingDemand(
            _lot_demands(city, config), zone=city.zone, seed=options.seed, start=self._demand_began
        )
        self._agenda: list[tuple[EpochNs, int, Node, Action]] = []
        self._numbers = count()
        self._pending: dict[str, Node] = {}
        self._set_initial_states(city, now)
        self._plan_start_up(config.start_up_s, now)

    def step(self, now: EpochNs) -> list[Message]:
        """This function lets everything happen up to `now` and returns the messages to publish, in order."""
        around = surroundings(now, self._demand_time(now).astimezone(self._zone))
        for change in self.demand.advance(self._demand_time(now)):
            self._apply(change)
        self._note_searches()
        while self._agenda and self._agenda[0][0] <= now:
            _, _, node, action = heapq.heappop(self._agenda)
            self._act(node, action, around)
        for node in [node for node in self._pending.values() if node.quiet_until <= now]:
            del self._pending[node.identity.dev_eui]
            self._send(node, Occasion.CHANGE, around)
        return self.air.due(now)

    def take_records(self) -> list[Truth]:
        """This function returns what was recorded since the call before."""
        records, self.air.records = self.air.records, []
        return records

    def _demand_time(self, now: EpochNs) -> datetime:
        return self._demand_began + timedelta(seconds=(now - self._began) / SECOND * self._speed)

    def _apply(self, change: BayChange) -> None:
        at = later(self._began, (change.at - self._demand_began).total_seconds() / self._speed)
        self.air.records.append(
            BayTruth(rfc3339(at, "Z"), change.lot_id, change.bay_id, change.occupied)
        )
        for node, watch in self.population.by_bay.get(change.bay_id, ()):
            watch.turn(occupied=change.occupied, at=at)
            self._pending[node.identity.dev_eui] = node
        gates = self.population.gates.get(change.lot_id)
        if gates:
            self._pass_gate(*self._rng.choice(gates), change, at)

    def _note_searches(self) -> None:
        for search in self.demand.take_searches():
            came, ended = (
                later(self._began, (at - self._demand_began).total_seconds() / self._speed)
                for at in (search.came_at, search.ended_at)
            )
            self.air.records.append(
                SearchTruth(rfc3339(came, "Z"), search.lot_id, rfc3339(ended, "Z"), search.parked)
            )

    def _pass_gate(self, node: Node, watch: GateWatch, change: BayChange, at: EpochNs) -> None:
        """This function lets a car through a gate, which may miss it or count it twice."""
        dev_eui, times = node.identity.dev_eui, 1
        if self._plan.strikes(Fault.MISSED_VEHICLE, dev_eui):
            times = 0
        elif self._plan.strikes(Fault.DOUBLE_VEHICLE, dev_eui):
            times = 2
        watch.count(inwards=change.occupied, times=times)
        self.air.records.append(
            GateTruth(rfc3339(at, "Z"), watch.lot_id, watch.gate, change.occupied, times)
        )
        self._pending[dev_eui] = node

    def _act(self, node: Node, action: Action, around: Surroundings) -> None:
        match action:
            case Action.JOIN:
                self.air.join(node, around.now)
                self._at(later(around.now, STARTUP_AFTER_S), node, Action.STARTUP)
            case Action.STARTUP:
                self._send(node, Occasion.STARTUP, around)
                self._at(later(around.now, FIRST_HEARTBEAT_AFTER_S), node, Action.FIRST_HEARTBEAT)
            case Action.FIRST_HEARTBEAT:
                # Repeated until heard, as a confirmed uplink is: an empty sign would otherwise last.
                if not self._send(node, Occasion.HEARTBEAT, around):
                    self._at(later(around.now, FIRST_HEARTBEAT_RETRY_S), node, action)
                    return
                # Anywhere in the interval, or a city of sensors would speak in chorus.
                self._at(
                    later(around.now, node.interval_s * self._rng.uniform(0.05, 0.95)),
                    node,
                    Action.HEARTBEAT,
                )
            case Action.HEARTBEAT:
                self._send(node, self._regular_occasion(node), around)
                self._at(
                    later(around.now, node.interval_s * self._rng.uniform(*HEARTBEAT_SHARES)),
                    node,
                    action,
                )
            case Action.FALL_SILENT:
                self.air.silence(node, around.now)

    def _regular_occasion(self, node: Node) -> Occasion:
        if isinstance(node.watch, BayWatch) or node.sequence % HEALTH_EVERY == 0:
            return Occasion.HEARTBEAT
        return Occasion.CHANGE

    def _send(self, node: Node, occasion: Occasion, around: Surroundings) -> bool:
        if node.silent:
            return True
        watch, dev_eui = node.watch, node.identity.dev_eui
        if isinstance(watch, GateWatch) and self._plan.strikes(Fault.GATE_RESET, dev_eui):
            watch.reset()
            self.air.note(Fault.GATE_RESET, dev_eui, around.now, "counters begin at 0")
        arrived = self.air.uplink(node, occasion, around)
        if self._plan.strikes(Fault.UNKNOWN_DEVICE, ""):
            self.air.stranger(self._rng.choice(self.population.strangers), around.now)
        return arrived

    def _at(self, at: EpochNs, node: Node, action: Action) -> None:
        heapq.heappush(self._agenda, (at, next(self._numbers), node, action))

    def _set_initial_states(self, city: City, now: EpochNs) -> None:
        lot_of = {bay.bay_id: lot.lot_id for lot in city.lots.values() for bay in lot.bays}
        for bay_id, occupied in self.demand.occupied_bays().items():
            self.air.records.append(BayTruth(rfc3339(now, "Z"), lot_of[bay_id], bay_id, occupied))
            for _, watch in self.population.by_bay.get(bay_id, ()):
                watch.turn(occupied=occupied, at=now)

    def _plan_start_up(self, start_up_s: float, now: EpochNs) -> None:
        for node in self.population.nodes:
            self._at(later(now, self._rng.uniform(0, start_up_s)), node, Action.JOIN)
            listed = node.identity.dev_eui in self._plan.devices(Fault.SILENT)
            if listed or self._plan.strikes(Fault.SILENT, ""):
                self._at(later(now, self._plan.seconds(Fault.SILENT)), node, Action.FALL_SILENT)


def _demand_start(config: SimulationConfig, city: City, now: EpochNs) -> datetime:
    instant = to_datetime(now)
    if config.start is None:
        return instant
    local = instant.astimezone(city.zone)
    chosen = local.replace(
        hour=config.start.hour, minute=config.start.minute, second=0, microsecond=0
    )
    return chosen.astimezone(instant.tzinfo)


def _lot_demands(city: City, config: SimulationConfig) -> list[LotDemand]:
    unknown = sorted(set(config.lots) - set(city.lots))
    if unknown:
        raise CityError(f"simulation.yaml: lot {unknown[0]!r} is not in lots.yaml")
    return [
        LotDemand(lot_id, city.lots[lot_id].bays, profile)
        for lot_id, profile in config.lots.items()
    ]
