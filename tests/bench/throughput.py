# SPDX-License-Identifier: EUPL-1.2
"""How many uplinks a second one decoder receives, decodes, stores and republishes.

The uplinks wait at the broker, so that no publisher shares the cores; in each round the bare paho
loop drains as many first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.backlog import UPLINKS, bare_rate, bare_session, drain
from bench.script_codecs import channelled
from bench.services import running
from stadttakt_simulators.burst import BurstDevice, BurstMessage, Pace, burst_pool, run_burst
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.publisher import Broker
from support.stack import Stack

COUNT = 60_000
TAKEN_S = 120.0


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
    bare_session(stack)
    fill(stack, devices, number * 2)
    raw_rate = bare_rate(stack, COUNT)
    with running("uplink_decoder", database_url, stack.mosquitto.url, city):
        pass
    fill(stack, devices, number * 2 + 1)
    with running("uplink_decoder", database_url, stack.mosquitto.url, city) as decoder:
        return Round(raw_rate, *drain(decoder, UPLINKS, COUNT))


def fill(
    stack: Stack,
    devices: Sequence[BurstDevice],
    number: int,
    *,
    count: int = COUNT,
    channels: bool = False,
) -> Sequence[BurstMessage]:
    """Have the broker take so many uplinks for the decoder's session, or a running decoder, and return them.

    Their frames are of channels for formatters where that is wanted.
    """
    pool = burst_pool(count, devices, started=system_clock(), seed=number, first_f_cnt=number * 100)
    if channels:
        pool = [channelled(each) for each in pool]
    result = run_burst(pool, Broker.parse(stack.mosquitto.url), Pace(deadline_s=TAKEN_S))
    if result.acknowledged != count:
        raise RuntimeError(f"the broker took {result.acknowledged} of {count}")
    return pool
