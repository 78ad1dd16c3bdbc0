# SPDX-License-Identifier: EUPL-1.2
"""Memory of each service by the minute under steady load: uplinks, counts at doors, and clients that poll.

Counts and polls are due at their times, and who was late does the next at once; how many they really were is told.
"""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import paho.mqtt.client as paho
from rich.console import Console
from rich.table import Table

from architecture.tracked import ROOT
from bench import vehicles
from bench.backlog import UPLINKS
from bench.backlog import VEHICLES as COUNTS
from bench.charts import COUNTED
from bench.city import LOTS
from bench.cpu import memory_mb
from bench.events import event
from bench.script_codecs import assign, channelled, usual
from bench.sending import connected
from bench.services import Service, new_database, running
from bench.whole_city import write_whole_city
from stadttakt_simulators.burst import BurstDevice, Pace, burst_pool, run_burst
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.publisher import Broker
from support.stack import Stack

MINUTES = int(os.environ.get("MINUTES", "30"))
UPLINKS_PER_S, COUNTS_PER_S, POLLS_PER_S, VEHICLES = 200, 40, 20, 100
HALLE = ROOT / "deploy/cities/halle"
SETTLED_S = 30.0
"""After the last uplink and count until all of them are stored."""
SCRIPTED_EACH = 10
"""Every so many-th device has a formatter in JavaScript."""
SERVICES = (
    "uplink_decoder", "parking_occupancy", "vehicle_occupancy", "kpi_aggregator",
    "open_data_publisher", "measure_registry",
)  # fmt: skip
PARTS = (*SERVICES, "broker", "database")
ASKED = {
    "STADTTAKT_OPENDATA_PARKING_URL": "parking_occupancy",
    "STADTTAKT_OPENDATA_TRANSIT_URL": "vehicle_occupancy",
    "STADTTAKT_OPENDATA_KPI_URL": "kpi_aggregator",
    "STADTTAKT_OPENDATA_REGISTRY_URL": "measure_registry",
}
POLLED = {
    "parking_occupancy": tuple(f"/v1/lots/load-{number}" for number in range(LOTS)),
    "vehicle_occupancy": ("/v1/vehicles",),
    "kpi_aggregator": ("/v1/indicators", "/v1/scorecard"),
    "open_data_publisher": ("/feeds/parkapi/v3/parking-sites", "/"),
    "measure_registry": ("/v1/measures", "/v1/ideas", "/liste"),
}


@dataclass
class Load:
    """What goes on beside the measuring: how much of it so far, polls that failed and how often, and what broke off."""

    uplinks_taken: int = 0
    counts_sent: int = 0
    polls: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    broken: list[BaseException] = field(default_factory=list)


def measure(stack: Stack, folder: Path, console: Console) -> Iterator[Table]:
    """Run all six services, and yield their memory by the minute and how it grew; also when it breaks off."""
    city = folder / "soak"
    devices = _write_city(city)
    url = new_database(stack, "soak", city)
    codec = usual("soak-usual", stateless=True)
    assign(url, [codec], dict.fromkeys(_scripted(devices), codec.codec_id))
    minutes, fault, stored, took_s = list[Minute](), None, dict[str, float](), 0.0
    with _all_running(stack, url, city) as services:
        try:
            with _loaded(stack, devices, services) as load:
                began = time.monotonic()
                for minute in range(MINUTES + 1):
                    time.sleep(max(0.0, began + minute * 60 - time.monotonic()))
                    minutes.append(_look(minute, stack, services, load))
                    console.print(", ".join(minutes[-1].cells()))
            took_s = time.monotonic() - began
            stored = _settled(services, load)
        except (httpx.HTTPError, OSError, RuntimeError) as error:
            fault = error
    yield _table(minutes)
    yield growth_of(minutes)
    if stored:
        yield rates_of(load, stored, took_s)
    if load.failed:
        failed = Table("what", "times", title="Polls that failed")
        for what, times in load.failed.most_common():
            failed.add_row(what, str(times))
        yield failed
    if fault or load.broken:
        raise RuntimeError(f"broken off after {len(minutes)} minutes") from fault or load.broken[0]


@dataclass(frozen=True)
class Minute:
    """What was seen at a full minute: what was COUNTED so far, memory in MB by part."""

    number: int
    counted: Mapping[str, float]
    memory: Mapping[str, float]

    def cells(self) -> tuple[str, ...]:
        """Return it as a row."""
        counted = (f"{self.counted[name]:,.0f}" for name in COUNTED)
        return str(self.number), *counted, *(f"{self.memory[name]:,.0f}" for name in PARTS)


def growth_of(minutes: Sequence[Minute]) -> Table:
    """Return by how much each part grew an hour, by a straight line through the last two thirds."""
    table = Table(
        "part", "first, MB", "last, MB", "MB an hour", title="Growth after the first third"
    )
    settled = minutes[len(minutes) // 3 :]
    for name in PARTS:
        values = [each.memory[name] for each in settled]
        shown = "-"
        if len(values) > 1:
            slope = statistics.linear_regression([each.number for each in settled], values).slope
            shown = f"{slope * 60:+,.0f}"
        ends = (f"{values[0]:,.0f}", f"{values[-1]:,.0f}") if values else ("-", "-")
        table.add_row(name, *ends, shown)
    return table


def _table(minutes: Sequence[Minute]) -> Table:
    title = f"Memory in {MINUTES} minutes, MB"
    table = Table("minute", *COUNTED, *PARTS, title=title)
    for each in minutes:
        table.add_row(*each.cells())
    return table


def _look(minute: int, stack: Stack, services: Mapping[str, Service], load: Load) -> Minute:
    for name, each in services.items():
        if (status := each.process.poll()) is not None:
            raise RuntimeError(f"{name} ended with {status}")
    pids = {name: each.process.pid for name, each in services.items()}
    pids |= {"broker": stack.mosquitto.pid or 0, "database": stack.postgres.pid or 0}
    stored = _stored(services)
    counted = (
        stored["uplinks"], load.counts_sent, stored["counts"], load.polls, load.failed.total()
    )  # fmt: skip
    return Minute(
        minute,
        dict(zip(COUNTED, counted, strict=True)),
        {name: memory_mb(pids[name]) for name in PARTS},
    )


def _stored(services: Mapping[str, Service]) -> dict[str, float]:
    """Return how many uplinks and how many counts have been stored."""
    return {
        what: services[name].samples().get(total, 0.0)
        for what, name, total in (
            ("uplinks", "uplink_decoder", UPLINKS),
            ("counts", "vehicle_occupancy", COUNTS),
        )
    }


def _settled(services: Mapping[str, Service], load: Load) -> dict[str, float]:
    """Return what has been stored when all that was sent is, or some time after the last of it."""
    deadline = time.monotonic() + SETTLED_S
    while True:
        stored = _stored(services)
        through = stored["uplinks"] >= load.uplinks_taken and stored["counts"] >= load.counts_sent
        if through or time.monotonic() > deadline:
            return stored
        time.sleep(0.5)


def rates_of(load: Load, stored: Mapping[str, float], took_s: float) -> Table:
    """Return how much load there really was, beside how much was meant."""
    table = Table("what", "meant, a second", "were, a second", "in all", "stored, or answered well",
                  title="What was sent and asked for")  # fmt: skip
    answered = load.polls - load.failed.total()
    for what, meant, done, well in (
        ("uplinks", UPLINKS_PER_S, load.uplinks_taken, stored["uplinks"]),
        ("counts at doors", COUNTS_PER_S, load.counts_sent, stored["counts"]),
        ("polls", POLLS_PER_S, load.polls, answered),
    ):
        table.add_row(what, str(meant), f"{done / took_s:.1f}", f"{done:,}", f"{well:,.0f}")
    return table


def _write_city(city: Path) -> list[BurstDevice]:
    """Write the city for load with a fleet, and with Halle's indicators and measures."""
    devices = write_whole_city(city)
    (city / "transit").mkdir()
    fleet = "".join(f"  - {{vehicle_id: v{n}, kind: tram}}\n" for n in range(VEHICLES))
    (city / "transit/vehicles.yaml").write_text(f"{vehicles.KIND}vehicles:\n{fleet}")
    for name in ("kpi", "registry"):
        shutil.copytree(HALLE / name, city / name)
    shutil.copy(HALLE / "city.yaml", city)
    return devices


def _scripted(devices: Sequence[BurstDevice]) -> frozenset[str]:
    """Return the EUIs of those that have a formatter in JavaScript."""
    return frozenset(each.dev_eui for each in devices[::SCRIPTED_EACH])


@contextmanager
def _all_running(stack: Stack, url: str, city: Path) -> Iterator[dict[str, Service]]:
    """Run them; the publisher last, since its page asks the others."""
    with ExitStack() as opened:
        found: dict[str, Service] = {}
        for name in sorted(SERVICES, key="open_data_publisher".__eq__):
            asked = {key: found[each].url for key, each in ASKED.items() if each in found}
            settings = asked if name == "open_data_publisher" else {}
            service = running(name, url, stack.mosquitto.url, city, settings)
            found[name] = opened.enter_context(service)
        yield found


@contextmanager
def _loaded(
    stack: Stack, devices: list[BurstDevice], services: Mapping[str, Service]
) -> Iterator[Load]:
    """Make all load while the block runs; what breaks off stands in what is yielded."""
    stop, load = threading.Event(), Load()
    works: Sequence[Callable[[], None]] = (
        lambda: _send_uplinks(stack, devices, stop, load),
        lambda: _send_counts(stack, stop, load),
        lambda: _poll(services, stop, load),
    )

    def until_stopped(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            load.broken.append(error)

    threads = [threading.Thread(target=until_stopped, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def due(stop: threading.Event, per_s: float) -> Iterator[int]:
    """Yield numbers from 0 on, each when it is due; who comes late for one has the next at once."""
    began = time.monotonic()
    for number in itertools.count():
        if stop.wait(max(0.0, began + number / per_s - time.monotonic())):
            return
        yield number


def _send_uplinks(
    stack: Stack, devices: list[BurstDevice], stop: threading.Event, load: Load
) -> None:
    """Send a minute's uplinks after the other's."""
    turn, scripted = 0, _scripted(devices)
    while not stop.is_set():
        pool = burst_pool(
            UPLINKS_PER_S * 60,
            devices,
            started=system_clock(),
            spacing_ns=spacing_for(UPLINKS_PER_S),
            seed=turn,
            first_f_cnt=turn * 10,
        )
        pool = [channelled(each) if each.dev_eui in scripted else each for each in pool]
        broker = Broker.parse(stack.mosquitto.url)
        result = run_burst(pool, broker, Pace(rate=UPLINKS_PER_S), stop=stop)
        load.uplinks_taken += result.acknowledged
        turn += 1


def _send_counts(stack: Stack, stop: threading.Event, load: Load) -> None:
    sent: paho.MQTTMessageInfo | None = None
    with connected(stack.mosquitto.url) as client:
        for number in due(stop, COUNTS_PER_S):
            vehicle, turn = number % VEHICLES, number // VEHICLES
            passed = [{"class": "adult", "in": (turn + 1) % 2, "out": turn % 2}]
            payload = event(
                "passenger-count",
                f"vehicle/v{vehicle}/door/1",
                f"bench-soak-{number}",
                datetime.now(tz=UTC),
                {"mode": "delta", "counts": passed, "quality": "regular"},
            )
            topic = f"takt/v1/observation/passenger-count/v{vehicle}/1"
            sent = client.publish(topic, payload, qos=1)
            load.counts_sent += 1
        if sent is not None:
            sent.wait_for_publish(SETTLED_S)


def _poll(services: Mapping[str, Service], stop: threading.Event, load: Load) -> None:
    addresses = [services[name].url + path for name, paths in POLLED.items() for path in paths]
    with httpx.Client(timeout=60) as client:
        for number in due(stop, POLLS_PER_S):
            address = addresses[number % len(addresses)]
            try:
                status = str(client.get(address).status_code)
            except httpx.TransportError as error:
                status = type(error).__name__
            if status != "200":
                load.failed[f"{urlsplit(address).path}: {status}"] += 1
            load.polls += 1
