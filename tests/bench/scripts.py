# SPDX-License-Identifier: EUPL-1.2
"""Payload formatters: how many a second one decoder runs, and what bad ones cost the others."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson
import paho.mqtt.client as paho
from rich.table import Table

from bench import throughput
from bench.backlog import UPLINKS, drain
from bench.cpu import cpu_s
from bench.events import uplink, uplink_topic
from bench.ranks import ranked
from bench.script_codecs import BOMBS, FRAMES_TOLD, assign, bomb, channelled, usual
from bench.sending import connected, listening, repeating
from bench.services import new_database, running
from stadttakt_simulators.burst import BurstDevice, Pace, burst_pool, run_burst
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.publisher import Broker
from support.stack import Stack

CODECS = 4
COUNTS = {"native": 40_000, "stateless": 40_000, "fresh": 12_000}
"""Kinds of codecs: native as the yardstick, scripts in kept contexts, and in one each."""
NATIVE_RATE, SCRIPT_RATE = 500, 200
# Short and in turns, since a shared machine changes from minute to minute.
PHASES = (0.0, 1.0, 0.0, 20.0) * 3
SECONDS = 6
SETTLE_S = 2.0
OBSERVATIONS = "takt/v1/observation/#"


@dataclass(frozen=True)
class Rate:
    """How fast one decoder took uplinks, its own CPU for each, and that of its workers, their start included."""

    per_s: float
    cpu_us: float
    workers_us: float


@dataclass(frozen=True)
class Delay:
    """Milliseconds from the send of an uplink until its observation arrives, by kind of codec."""

    bad_per_s: float
    native: list[float] = field(default_factory=list)
    script: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Phase:
    number: int
    devices: Sequence[BurstDevice]
    scripted: frozenset[str]
    bad: Sequence[BurstDevice]
    bad_per_s: float


def measure_rates(stack: Stack, city: Path, devices: Sequence[BurstDevice]) -> dict[str, Rate]:
    """Drain waiting uplinks, by kind: received, decoded by four formatters, stored, published."""
    found: dict[str, Rate] = {}
    for kind, count in COUNTS.items():
        url = new_database(stack, f"scripts_{kind}", city)
        if kind != "native":
            _give_scripts(url, devices, kind)
        with running("uplink_decoder", url, stack.mosquitto.url, city):
            pass
        throughput.fill(stack, devices, count, count=count, channels=kind != "native")
        with running("uplink_decoder", url, stack.mosquitto.url, city) as decoder:
            drained = drain(decoder, UPLINKS, count)
            own_s = decoder.samples()["process_cpu_seconds_total"]
            workers_s = max(0.0, cpu_s(decoder.process.pid) - own_s)
        found[kind] = Rate(drained.per_s, drained.cpu_us, workers_s / count * 1e6)
    return found


def _give_scripts(url: str, devices: Sequence[BurstDevice], kind: str) -> None:
    codecs = [
        usual(f"bench-{kind}-{number}", stateless=kind == "stateless") for number in range(CODECS)
    ]
    given = {
        device.dev_eui: codecs[number % CODECS].codec_id for number, device in enumerate(devices)
    }
    assign(url, codecs, given)


def measure_delays(stack: Stack, city: Path, devices: Sequence[BurstDevice]) -> list[Delay]:
    """Measure the others' latency without bad codecs, with one bad uplink a second, with 20.

    Each phase has bad codecs of its own, of which the decoder's breaker knows nothing yet.
    """
    url = new_database(stack, "scripts_delay", city)
    count = len(BOMBS)
    bad = [devices[number * count : (number + 1) * count] for number in range(len(PHASES))]
    others = devices[len(PHASES) * count :][: NATIVE_RATE + SCRIPT_RATE]
    codecs = [usual(f"bench-{number}", stateless=number % 2 == 0) for number in range(CODECS)]
    scripted = others[:SCRIPT_RATE]
    given = {
        device.dev_eui: codecs[number % CODECS].codec_id for number, device in enumerate(scripted)
    }
    for number, group in enumerate(bad):
        for name, device in zip(BOMBS, group, strict=True):
            codecs.append(bomb(name, number))
            given[device.dev_eui] = codecs[-1].codec_id
    assign(url, codecs, given)
    bays = frozenset(each.bay_id for each in scripted)
    found: dict[float, Delay] = {rate: Delay(rate) for rate in sorted(set(PHASES))}
    with running("uplink_decoder", url, stack.mosquitto.url, city):
        for number, rate in enumerate(PHASES):
            phase = _Phase(number, others, bays, bad[number], rate)
            native, script = _measure(stack.mosquitto.url, phase)
            found[rate].native.extend(native)
            found[rate].script.extend(script)
    return list(found.values())


def _measure(mqtt_url: str, phase: _Phase) -> tuple[list[float], list[float]]:
    rate = NATIVE_RATE + SCRIPT_RATE
    pool = burst_pool(
        rate * SECONDS,
        phase.devices,
        started=system_clock(),
        spacing_ns=spacing_for(rate),
        seed=phase.number + 100,
        first_f_cnt=phase.number * 1000,
    )
    pool = [channelled(each) if each.bay_id in phase.scripted else each for each in pool]
    with _observations(mqtt_url) as arrived, _bombing(mqtt_url, phase.bad, phase.bad_per_s):
        result = run_burst(pool, Broker.parse(mqtt_url), Pace(rate=rate))
        time.sleep(SETTLE_S)
        found = dict(arrived)
    native: list[float] = []
    script: list[float] = []
    for message, sent_at in zip(pool, result.sent_at, strict=True):
        at = found.get((message.bay_id, datetime.fromisoformat(message.time)))
        if at is not None:
            kind = script if message.bay_id in phase.scripted else native
            kind.append((at - sent_at) / 1e6)
    return native, script


@contextmanager
def _observations(mqtt_url: str) -> Iterator[dict[tuple[str, datetime], int]]:
    """Note when each observation arrives, by bay and time."""
    arrived: dict[tuple[str, datetime], int] = {}

    def take(message: paho.MQTTMessage) -> None:
        at = time.time_ns()
        event = orjson.loads(message.payload)
        bay_id = message.topic.rpartition("/")[2]
        arrived.setdefault((bay_id, datetime.fromisoformat(event["time"])), at)

    with listening(mqtt_url, OBSERVATIONS, take, qos=0):
        yield arrived


@contextmanager
def _bombing(mqtt_url: str, bad: Sequence[BurstDevice], rate: float) -> Iterator[None]:
    """Publish uplinks of the bad devices in turn, so many a second, while the block runs."""
    if not rate:
        yield
        return
    with connected(mqtt_url) as client:

        def publish(number: int) -> None:
            dev_eui, bomb_id = bad[number % len(bad)].dev_eui, f"bomb-{time.time_ns()}"
            body = uplink(dev_eui, bomb_id, number, datetime.now(tz=UTC), occupied=True)
            client.publish(uplink_topic(dev_eui), body, qos=1)

        with repeating(1 / rate, publish):
            yield


def table_of_rates(rates: Mapping[str, Rate]) -> Table:
    """Return rates and CPU by kind of codec, beside the native one."""
    table = Table(title=f"Payload formatters: received, decoded by {CODECS}, republished")
    table.caption = f"{FRAMES_TOLD}; the native codec has its device's own frame of one byte"
    for column in (
        "codecs", "uplinks/s", "of native", "decoder CPU, µs/uplink", "its script workers' CPU, µs/uplink"
    ):  # fmt: skip
        table.add_column(column, justify="right")
    for kind, rate in rates.items():
        share = rate.per_s / rates["native"].per_s
        cpu = (f"{rate.cpu_us:.0f}", f"{rate.workers_us:.0f}")
        table.add_row(kind, f"{rate.per_s:,.0f}", f"{share:.2f}", *cpu)
    return table


def table_of_delays(delays: Sequence[Delay]) -> Table:
    """Return delays of both kinds of codec, by bad uplinks a second."""
    table = Table(
        title=f"Uplink sent → observation published, {NATIVE_RATE} native and"
        f" {SCRIPT_RATE} formatted uplinks/s, ms"
    )
    for column in ("codecs", "arrived", "median", "p99", "of p99 without", "worst"):
        table.add_column(column, justify="right")
    for delay in delays:
        for kind, values, without in (
            ("native", delay.native, delays[0].native),
            ("script", delay.script, delays[0].script),
        ):
            p99, ratio = _p99(values), _p99(values) / _p99(without)
            median, worst = statistics.median(values), max(values)
            times = (f"{median:,.0f}", f"{p99:,.0f}", f"{ratio:.2f}", f"{worst:,.0f}")
            what = f"{kind}, beside {delay.bad_per_s:g} bad uplinks/s"
            table.add_row(what, f"{len(values):,}", *times)
    return table


def _p99(values: Sequence[float]) -> float:
    return ranked(values, 0.99)
