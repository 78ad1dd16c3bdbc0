# SPDX-License-Identifier: EUPL-1.2
"""How many uplinks a second one decoder receives, decodes, stores and republishes.

The uplinks wait at the broker, so that no publisher shares the cores; in each round the bare paho
loop drains as many first.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.services import Service, running
from stadttakt_simulators.burst import BurstDevice, Pace, burst_pool, run_burst
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.publisher import Broker
from support.stack import Stack

COUNT = 60_000
DRAIN_S = 120.0
MEGABYTE = 1e6


@dataclass(frozen=True)
class Round:
    """One round: both rates in messages a second, the decoder's CPU and memory."""

    raw_rate: float
    decoder_rate: float
    cpu_us: float
    resident_mb: float


def measure(
    stack: Stack, database_url: str, city: Path, devices: Sequence[BurstDevice], number: int
) -> Round:
    """Fill the broker twice and drain it twice."""
    _raw(stack, 0)
    fill(stack, devices, number * 2)
    raw_s = _raw(stack, COUNT)
    with running("uplink_decoder", database_url, stack.mosquitto.url, city):
        pass
    fill(stack, devices, number * 2 + 1)
    with running("uplink_decoder", database_url, stack.mosquitto.url, city) as decoder:
        rate, cpu_us, resident_mb = drain(decoder)
    return Round(COUNT / raw_s, rate, cpu_us, resident_mb)


def fill(stack: Stack, devices: Sequence[BurstDevice], number: int, *, count: int = COUNT) -> None:
    """Have the broker take so many uplinks for the decoder's session, or a running decoder."""
    pool = burst_pool(count, devices, started=system_clock(), seed=number, first_f_cnt=number * 100)
    result = run_burst(pool, Broker.parse(stack.mosquitto.url), Pace(deadline_s=120))
    if result.acknowledged != count:
        raise RuntimeError(f"the broker took {result.acknowledged} of {count}")


def _raw(stack: Stack, count: int) -> float:
    broker = Broker.parse(stack.mosquitto.url)
    script = Path(__file__).with_name("raw_receive.py")
    command = [sys.executable, str(script), broker.host, str(broker.port), str(count)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=DRAIN_S)
    return float(output.stdout) if count else 0.0


def drain(decoder: Service, count: int = COUNT) -> tuple[float, float, float]:
    """Return rate, CPU µs a message and peak memory between the first and the last tenth."""
    begun: tuple[float, float, float] | None = None
    peak = 0.0
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        samples = decoder.samples()
        now = time.perf_counter()
        done = samples.get("stadttakt_uplink_messages_total", 0.0)
        cpu_s = samples["process_cpu_seconds_total"]
        peak = max(peak, samples["process_resident_memory_bytes"])
        if begun is None and done >= count * 0.05:
            begun = (now, done, cpu_s)
        if begun is not None and done >= count:
            drained = done - begun[1]
            return drained / (now - begun[0]), (cpu_s - begun[2]) / drained * 1e6, peak / MEGABYTE
        time.sleep(0.1)
    raise RuntimeError("the backlog was not drained in time")
