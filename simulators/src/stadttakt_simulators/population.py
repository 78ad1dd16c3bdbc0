# SPDX-License-Identifier: EUPL-1.2
"""Turns a city's devices into nodes with something to measure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from stadttakt_simulators.city.places import City, Device
from stadttakt_simulators.clock import EpochNs
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS, GATE_ENCODERS, PRESENCE_ENCODERS
from stadttakt_simulators.network import Network, Node, identify
from stadttakt_simulators.sensors import BayWatch, GateWatch, PresenceWatch, Watch

MADE_UP_STRANGERS = 3
STRANGER_INTERVAL_S = 600.0


@dataclass(slots=True)
class Population:
    """All nodes, and the way from a bay or lot to what watches it."""

    nodes: list[Node] = field(default_factory=list)
    strangers: list[Node] = field(default_factory=list)
    by_bay: dict[str, list[tuple[Node, BayWatch]]] = field(default_factory=dict)
    gates: dict[str, list[tuple[Node, GateWatch]]] = field(default_factory=dict)
    left_out: int = 0


def populate(
    city: City, network: Network, *, vehicle_peak_devices: int, now: EpochNs, rng: random.Random
) -> Population:
    """This function makes a node of every device whose tag `network` names a simulated one and whose codec is known."""
    population = Population()
    for device in city.devices:
        if device.asset_kind == "lot_gate":
            watch: Watch | None = _gate(device, city)
        else:
            watch = _watch(device, population, vehicle_peak_devices, now, rng)
        if watch is None or device.tags.get("network") not in ("chirpstack", "tts"):
            population.left_out += 1
            continue
        node = network.node(
            identify(device.dev_eui, device.name, device.codec_id),
            device.tags["network"],
            place=city.place_of(device),
            watch=watch,
            interval_s=device.expected_interval_s,
        )
        population.nodes.append(node)
        if isinstance(watch, BayWatch):
            population.by_bay.setdefault(watch.bay_id, []).append((node, watch))
        elif isinstance(watch, GateWatch):
            population.gates.setdefault(watch.lot_id, []).append((node, watch))
    return population


def add_strangers(
    population: Population, city: City, network: Network, dev_euis: Sequence[str]
) -> None:
    """This function adds devices that no registry knows: those named speak on their own, made-up ones when asked."""
    named = list(dev_euis) or [
        f"02ffffff{number:08x}" for number in range(1, MADE_UP_STRANGERS + 1)
    ]
    for number, dev_eui in enumerate(named):
        stranger = network.node(
            identify(dev_eui, f"stranger-{number + 1}", "bosch-tps110"),
            ("chirpstack", "tts")[number % 2],
            place=city.centre,
            watch=None,
            interval_s=STRANGER_INTERVAL_S,
        )
        population.strangers.append(stranger)
        if dev_euis:
            population.nodes.append(stranger)


def _gate(device: Device, city: City) -> GateWatch | None:
    """This function installs a counter that has counted for long, 16 bits of it near their end."""
    if device.codec_id not in GATE_ENCODERS:
        return None
    lot_id, _, gate = device.asset_id.partition("/")
    lot = city.lots.get(lot_id)
    started = random.Random(device.dev_eui)
    total_in, total_out = (started.randrange(65_000, 65_536) for _ in range(2))
    return GateWatch(
        device.codec_id,
        lot_id,
        gate,
        inverted=lot.gates.get(gate, False) if lot else False,
        total_in=total_in,
        total_out=total_out,
        reported=(total_in, total_out),
    )


def _watch(
    device: Device,
    population: Population,
    vehicle_peak_devices: int,
    now: EpochNs,
    rng: random.Random,
) -> Watch | None:
    if device.asset_kind == "bay" and device.codec_id in BAY_ENCODERS:
        number = len(population.by_bay) + 1
        return BayWatch(
            device.codec_id,
            device.asset_id,
            number,
            battery_mv=rng.randrange(3150, 3650, 10),
            since=now,
        )
    if device.asset_kind == "vehicle" and device.codec_id in PRESENCE_ENCODERS:
        return PresenceWatch(
            device.codec_id, vehicle_peak_devices, now, random.Random(rng.random())
        )
    return None
