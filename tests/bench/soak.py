# SPDX-License-Identifier: EUPL-1.2
"""Memory of each service by the minute under steady load: uplinks, counts at doors, and clients that poll."""

from __future__ import annotations

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
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.table import Table

from architecture.tracked import ROOT
from bench import vehicles
from bench.city import LOTS
from bench.cpu import memory_mb
from bench.script_codecs import assign, usual
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
    """What goes on beside the measuring: polls that failed and how often, and what broke off."""

    failed: Counter[str] = field(default_factory=Counter)
    broken: list[BaseException] = field(default_factory=list)


def measure(stack: Stack, folder: Path, console: Console) -> Iterator[Table]:
    """Run all six services, and yield their memory by the minute and how it grew; also when it breaks off."""
    city = folder / "soak"
    devices = _write_city(city)
    url = new_database(stack, "soak", city)
    codec = usual("soak-usual", stateless=True)
    assign(url, [codec], {each.dev_eui: codec.codec_id for each in devices[::SCRIPTED_EACH]})
    minutes, fault = list[Minute](), None
    with _all_running(stack, url, city) as services, _loaded(stack, devices, services) as load:
        began = time.monotonic()
        try:
            for minute in range(MINUTES + 1):
                time.sleep(max(0.0, began + minute * 60 - time.monotonic()))
                minutes.append(_look(minute, stack, services, load))
                console.print(", ".join(minutes[-1].cells()))
        except (httpx.HTTPError, OSError, RuntimeError) as error:
            fault = error
    yield _table(minutes)
    yield growth_of(minutes)
    if load.failed:
        failed = Table("what", "times", title="Polls that failed")
        for what, times in load.failed.most_common():
            failed.add_row(what, str(times))
        yield failed
    if fault or load.broken:
        raise RuntimeError(f"broken off after {len(minutes)} minutes") from fault or load.broken[0]


@dataclass(frozen=True)
class Minute:
    """What was seen at a full minute: uplinks stored, polls failed so far, memory in MB by part."""

    number: int
    stored: float
    failed: int
    memory: Mapping[str, float]

    def cells(self) -> tuple[str, ...]:
        """Return it as a row."""
        memory = (f"{self.memory[name]:,.0f}" for name in PARTS)
        return str(self.number), f"{self.stored:,.0f}", str(self.failed), *memory


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
    table = Table("minute", "uplinks stored", "polls failed", *PARTS, title=title)
    for each in minutes:
        table.add_row(*each.cells())
    return table


def _look(minute: int, stack: Stack, services: Mapping[str, Service], load: Load) -> Minute:
    for name, each in services.items():
        if (status := each.process.poll()) is not None:
            raise RuntimeError(f"{name} ended with {status}")
    stored = services["uplink_decoder"].samples().get("stadttakt_uplink_messages_total", 0.0)
    pids = {name: each.process.pid for name, each in services.items()}
    pids |= {"broker": stack.mosquitto.pid or 0, "database": stack.postgres.pid or 0}
    return Minute(
        minute, stored, load.failed.total(), {name: memory_mb(pids[name]) for name in PARTS}
    )


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
        lambda: _send_uplinks(stack, devices, stop),
        lambda: _send_counts(stack, stop),
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


def _send_uplinks(stack: Stack, devices: list[BurstDevice], stop: threading.Event) -> None:
    """Send a minute's uplinks after the other's."""
    turn = 0
    while not stop.is_set():
        pool = burst_pool(
            UPLINKS_PER_S * 60,
            devices,
            started=system_clock(),
            spacing_ns=spacing_for(UPLINKS_PER_S),
            seed=turn,
            first_f_cnt=turn * 10,
        )
        run_burst(pool, Broker.parse(stack.mosquitto.url), Pace(rate=UPLINKS_PER_S), stop=stop)
        turn += 1


def _send_counts(stack: Stack, stop: threading.Event) -> None:
    broker = Broker.parse(stack.mosquitto.url)
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    number = 0
    while not stop.wait(1 / COUNTS_PER_S):
        vehicle, turn = number % VEHICLES, number // VEHICLES
        passed = [{"class": "adult", "in": (turn + 1) % 2, "out": turn % 2}]
        payload = vehicles.event(
            "passenger-count",
            f"vehicle/v{vehicle}/door/1",
            f"soak-{number}",
            datetime.now(tz=UTC),
            {"mode": "delta", "counts": passed, "quality": "regular"},
        )
        client.publish(f"takt/v1/observation/passenger-count/v{vehicle}/1", payload, qos=1)
        number += 1
    client.disconnect()
    client.loop_stop()


def _poll(services: Mapping[str, Service], stop: threading.Event, load: Load) -> None:
    addresses = [services[name].url + path for name, paths in POLLED.items() for path in paths]
    number = 0
    with httpx.Client(timeout=60) as client:
        while not stop.wait(1 / POLLS_PER_S):
            address = addresses[number % len(addresses)]
            try:
                status = str(client.get(address).status_code)
            except httpx.TransportError as error:
                status = type(error).__name__
            if status != "200":
                load.failed[f"{urlsplit(address).path}: {status}"] += 1
            number += 1
