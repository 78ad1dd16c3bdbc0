# SPDX-License-Identifier: EUPL-1.2
"""How a backlog is waited for and measured: by a service's own counters, or by the bare loop that is the yardstick."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.raw_receive import UPLINKS as UPLINK_TOPICS
from bench.services import Service
from stadttakt_simulators.publisher import Broker
from support.stack import Stack

UPLINKS = "stadttakt_uplink_messages_total"
BAYS = "stadttakt_parking_observations_total"
VEHICLES = "stadttakt_transit_messages_total"
"""Counters of what was committed: by the decoder, by parking, by the vehicles' service."""
PATIENCE_S, LOOK_S = 300.0, 0.1
BEGUN_SHARE = 0.05
"""What a service does before is its start."""


class Drained(NamedTuple):
    """Messages a second, the service's CPU for each, the most memory that it was seen with."""

    per_s: float
    cpu_us: float
    most_mb: float


def drain(service: Service, counter: str, count: int, *, look_s: float = LOOK_S) -> Drained:
    """Return what a service made of so many waiting messages, from a twentieth on to the last one committed.

    Raises:
        RuntimeError: not all were committed in time, or all before anything could be measured.

    """
    begun: tuple[float, float, float] | None = None
    most, deadline = 0.0, time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        samples, now = service.samples(), time.perf_counter()
        done, cpu_s = samples.get(counter, 0.0), samples["process_cpu_seconds_total"]
        most = max(most, samples["process_resident_memory_bytes"])
        if begun is None and done >= count * BEGUN_SHARE:
            begun = (now, done, cpu_s)
        if begun is not None and done >= count:
            drained = done - begun[1]
            if not drained:
                raise RuntimeError(f"{count:,} are over before anything is measured")
            cpu_us = (cpu_s - begun[2]) / drained * 1e6
            return Drained(drained / (now - begun[0]), cpu_us, most / 1e6)
        time.sleep(look_s)
    raise RuntimeError("the backlog was not drained in time")


def until(
    done: Callable[[], float],
    wanted: float,
    *,
    within_s: float = PATIENCE_S,
    look_s: float = LOOK_S,
) -> None:
    """Wait until so many are through.

    Raises:
        RuntimeError: some were not in time.

    """
    deadline = time.monotonic() + within_s
    while (missing := wanted - done()) > 0:
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"{missing:,.0f} of {wanted:,.0f} were missing after {within_s:.0f} s"
            )
        time.sleep(look_s)


def bare_session(stack: Stack, topics: str = UPLINK_TOPICS) -> None:
    """Let the broker keep what comes for the bare loop from now on."""
    _receive(stack, 0, topics)


def bare_rate(stack: Stack, count: int, topics: str = UPLINK_TOPICS) -> float:
    """Return how many messages a second the bare loop takes of so many; it leaves its session when it is done."""
    return count / float(_receive(stack, count, topics))


def _receive(stack: Stack, count: int, topics: str) -> str:
    broker = Broker.parse(stack.mosquitto.url)
    script = Path(__file__).with_name("raw_receive.py")
    command = [sys.executable, str(script), broker.host, str(broker.port), str(count), topics]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
    return ran.stdout
