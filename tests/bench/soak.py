# SPDX-License-Identifier: EUPL-1.2
"""Memory of each service by the minute under steady load: uplinks, counts at doors, and clients that poll."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import paho.mqtt.client as paho
from rich.console import Console
from rich.table import Table

from bench import vehicles
from bench.city import LOTS
from bench.cpu import memory_mb
from bench.services import Service, new_database, running
from bench.whole_city import write_whole_city
from stadttakt_simulators.burst import BurstDevice, Pace, burst_pool, run_burst
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.publisher import Broker
from support.stack import Stack

MINUTES = int(os.environ.get("MINUTES", "30"))
UPLINKS_PER_S, COUNTS_PER_S, POLLS_PER_S, VEHICLES = 200, 40, 20, 100
SERVICES = (
    "uplink_decoder", "parking_occupancy", "vehicle_occupancy", "kpi_aggregator",
    "open_data_publisher", "measure_registry",
)  # fmt: skip
POLLED = {
    "parking_occupancy": tuple(f"/v1/lots/load-{number}" for number in range(LOTS)),
    "vehicle_occupancy": ("/v1/vehicles",),
    "kpi_aggregator": ("/v1/indicators",),
    "open_data_publisher": ("/feeds/parkapi/v3/parking-sites", "/catalog"),
    "measure_registry": ("/v1/criteria",),
}


def measure(stack: Stack, folder: Path, console: Console) -> Iterator[Table]:
    """Run all six services, and yield their resident memory by the minute."""
    city = folder / "soak"
    devices = write_whole_city(city)
    (city / "transit").mkdir()
    fleet = "".join(f"  - {{vehicle_id: v{n}, kind: tram}}\n" for n in range(VEHICLES))
    (city / "transit/vehicles.yaml").write_text(f"{vehicles.KIND}vehicles:\n{fleet}")
    url = new_database(stack, "soak", city)
    table = Table(
        "minute", "uplinks stored", *SERVICES, title=f"Resident memory in {MINUTES} minutes, MB"
    )
    with _all_running(stack, url, city) as services, _loaded(stack, devices, services):
        began = time.monotonic()
        for minute in range(MINUTES + 1):
            time.sleep(max(0.0, began + minute * 60 - time.monotonic()))
            row = _row(minute, services)
            console.print(", ".join(row))
            table.add_row(*row)
    yield table


def _row(minute: int, services: dict[str, Service]) -> tuple[str, ...]:
    stored = services["uplink_decoder"].samples().get("stadttakt_uplink_messages_total", 0.0)
    memory = (f"{memory_mb(each.process.pid):,.0f}" for each in services.values())
    return str(minute), f"{stored:,.0f}", *memory


@contextmanager
def _all_running(stack: Stack, url: str, city: Path) -> Iterator[dict[str, Service]]:
    with ExitStack() as opened:
        yield {
            name: opened.enter_context(running(name, url, stack.mosquitto.url, city))
            for name in SERVICES
        }


@contextmanager
def _loaded(
    stack: Stack, devices: list[BurstDevice], services: dict[str, Service]
) -> Iterator[None]:
    """Make all load while the block runs; what breaks off is told at its end."""
    stop, broken = threading.Event(), list[BaseException]()
    works = (
        lambda: _send_uplinks(stack, devices, stop),
        lambda: _send_counts(stack, stop),
        lambda: _poll(services, stop),
    )

    def until_stopped(number: int) -> None:
        try:
            works[number]()
        except BaseException as error:  # noqa: BLE001
            broken.append(error)

    threads = [threading.Thread(target=until_stopped, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if broken:
        raise broken[0]


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
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
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


def _poll(services: dict[str, Service], stop: threading.Event) -> None:
    addresses = [services[name].url + path for name, paths in POLLED.items() for path in paths]
    number = 0
    with httpx.Client(timeout=60) as client:
        while not stop.wait(1 / POLLS_PER_S):
            answer = client.get(addresses[number % len(addresses)])
            if answer.status_code >= 500:
                raise RuntimeError(f"{answer.url} answered {answer.status_code}")
            number += 1
