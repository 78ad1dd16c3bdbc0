# SPDX-License-Identifier: EUPL-1.2
"""simulation.yaml: demand per lot, the radio network and the default faults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path

from stadttakt_simulators.city.section import Section
from stadttakt_simulators.faults import Fault, Rule, make_rule
from stadttakt_simulators.lorawan.dialects.chirpstack import ChirpStack
from stadttakt_simulators.lorawan.dialects.tts import TheThingsStack
from stadttakt_simulators.lorawan.radio import Gateway, Place
from stadttakt_simulators.parking.profiles import PROFILES, Profile
from stadttakt_simulators.transit.config import TransitConfig, read_transit

NETWORKS = ("chirpstack", "tts")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """Everything of simulation.yaml, checked."""

    seed: int
    speed: float
    start: time | None
    start_up_s: float
    shadowing_db: float
    gateways: tuple[Gateway, ...]
    chirpstack: ChirpStack
    tts: TheThingsStack
    lots: Mapping[str, Profile]
    vehicle_peak_devices: int
    faults: Mapping[Fault, Rule]
    transit: TransitConfig | None = None


def load_simulation(path: Path) -> SimulationConfig:
    """This function reads a simulation.yaml; raises CityError with file and line."""
    root = Section.load(path)
    networks = root.section("networks")
    config = SimulationConfig(
        seed=root.integer("seed"),
        speed=root.number("speed"),
        start=_start(root),
        start_up_s=root.number("start_up_s", 5.0),
        shadowing_db=root.number("shadowing_db", 3.0),
        gateways=tuple(_gateway(section) for section in root.sections("gateways")),
        chirpstack=_chirpstack(networks.section("chirpstack")),
        tts=_tts(networks.section("tts")),
        lots=_lots(root.section("lots")),
        vehicle_peak_devices=root.integer("vehicle_peak_devices", 60),
        faults=_faults(root.section("faults", optional=True)),
        transit=read_transit(root.section("transit"), root.integer("seed"))
        if root.has("transit")
        else None,
    )
    networks.finish()
    root.finish()
    return config


def _start(root: Section) -> time | None:
    if not root.has("start"):
        return None
    match = _TIME.fullmatch(root.text("start"))
    if match is None:
        raise root.error("start", "'start' must be a time of day such as \"07:00\"")
    return time(int(match[1]), int(match[2]))


def _gateway(section: Section) -> Gateway:
    gateway = Gateway(
        section.text("gateway_id"),
        section.text("eui"),
        Place(section.number("lat"), section.number("lon")),
        section.number("altitude_m"),
        frozenset(section.texts("networks", list(NETWORKS))),
        section.boolean("gps", default=False),
    )
    if not gateway.networks <= set(NETWORKS):
        raise section.error("networks", f"networks are {' and '.join(NETWORKS)}")
    section.finish()
    return gateway


def _chirpstack(section: Section) -> ChirpStack:
    server = ChirpStack(
        tenant_id=section.text("tenant_id"),
        tenant_name=section.text("tenant_name"),
        application_id=section.text("application_id"),
        application_name=section.text("application_name"),
    )
    section.finish()
    return server


def _tts(section: Section) -> TheThingsStack:
    server = TheThingsStack(
        application_id=section.text("application_id"),
        tenant_id=section.text("tenant_id"),
        cluster_id=section.text("cluster_id"),
        cluster_address=section.text("cluster_address"),
        net_id=section.text("net_id"),
        ns_id=section.text("ns_id"),
    )
    section.finish()
    return server


def _lots(section: Section) -> dict[str, Profile]:
    lots = {}
    for lot_id in section.names():
        entry = section.section(lot_id)
        name = entry.text("profile")
        if name not in PROFILES:
            raise entry.error("profile", f"profiles are {', '.join(PROFILES)}")
        profile = PROFILES[name]
        lots[lot_id] = replace(
            profile,
            arrivals_per_bay_day=entry.number("arrivals_per_bay_day", profile.arrivals_per_bay_day),
            dwell_median_min=entry.number("dwell_median_min", profile.dwell_median_min),
        )
        entry.finish()
    return lots


def _faults(section: Section) -> dict[Fault, Rule]:
    rules = {}
    for name in section.names():
        if name not in set(Fault):
            raise section.error(name, f"faults are {', '.join(Fault)}")
        entry = section.section(name)
        fault = Fault(name)
        try:
            rules[fault] = make_rule(
                fault,
                probability=entry.number("probability", 0.0),
                devices=entry.texts("devices", []),
                seconds=entry.number("seconds") if entry.has("seconds") else None,
            )
        except ValueError as error:
            raise section.error(name, str(error)) from error
        entry.finish()
    return rules
