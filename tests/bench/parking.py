# SPDX-License-Identifier: EUPL-1.2
"""Parking with 20,000 bays: events a second, start, history of a month, take-over.

`PYTHONPATH=tests python -m bench.parking [throughput start takeover history]`; `EVENTS`, `CHANGES`, `DAYS`
and `ROUNDS` change the amounts. The throughput is a ratio to the bare paho loop of the same run.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console

from bench.cpu import cpu_s
from bench.parking_city import BAYS, LOTS, make_past, write_city
from bench.ranks import ranked
from bench.services import Service, ask, new_database, running
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_simulators.publisher import Broker
from support.stack import Stack, free_ports, running_stack

EVENTS = int(os.environ.get("EVENTS", "60000"))
CHANGES = int(os.environ.get("CHANGES", "10000000"))
DAYS = int(os.environ.get("DAYS", "30"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
QUERIES = 200
FILTER = "takt/v1/observation/bay-occupancy/+"
DONE = "stadttakt_parking_observations_total"
SIGN = "/v1/signs/sign-0-0"
PARKING = "parking_occupancy"
# Recorded: what it says also stands in the table of `make bench`.
console = Console(record=True, width=160)


def main(wanted: list[str]) -> None:
    """Measure what is wanted, or everything."""
    scenarios: dict[str, Callable[[Stack, str, Path], None]] = {
        "throughput": _throughput,
        "start": _start,
        "takeover": _takeover,
        "history": _history,
    }
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        city = Path(folder) / "city"
        write_city(city)
        url = new_database(stack, "bench", city)
        if {"start", "history"} & set(wanted or scenarios):
            began = time.perf_counter()
            make_past(url, days=DAYS, changes=CHANGES)
            took_s = time.perf_counter() - began
            console.print(f"{CHANGES:,} changes of {DAYS} days made up in {took_s:.0f} s")
        for name in wanted or scenarios:
            scenarios[name](stack, url, city)


def _throughput(stack: Stack, url: str, city: Path) -> None:
    """Drain a backlog that waits at the broker: bare loop, then the service."""
    with running(PARKING, url, stack.mosquitto.url, city):
        pass
    for number in range(ROUNDS):
        # The bare loop leaves its subscription when it is done.
        _raw(stack, 0)
        _fill(stack, number)
        raw_rate = EVENTS / _raw(stack, EVENTS)
        with running(PARKING, url, stack.mosquitto.url, city) as parking:
            servers = [stack.postgres.pid, stack.mosquitto.pid]
            before = [cpu_s(pid) for pid in servers if pid]
            rate, cpu_us, resident_mb = _drain(parking)
            after = [cpu_s(pid) for pid in servers if pid]
            published = parking.samples()["stadttakt_parking_published_total"]
        database_us, broker_us = (
            (end - start) / EVENTS * 1e6 for start, end in zip(before, after, strict=True)
        )
        console.print(
            f"{EVENTS:,} events of {BAYS:,} bays: {rate:,.0f}/s, bare loop {raw_rate:,.0f}/s,"
            f" ratio {rate / raw_rate:.2f}; CPU an event: {cpu_us:.0f} µs, database"
            f" {database_us:.0f} µs, broker {broker_us:.0f} µs;"
            f" {published / EVENTS:.1f} states published an event, {resident_mb:.0f} MB"
        )


def _raw(stack: Stack, count: int) -> float:
    broker = Broker.parse(stack.mosquitto.url)
    script = Path(__file__).with_name("raw_receive.py")
    command = [sys.executable, str(script), broker.host, str(broker.port), str(count), FILTER]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return float(output.stdout) if count else 0.0


def _fill(stack: Stack, number: int) -> None:
    """Let every bay turn over, in random order, as often as the events suffice."""
    dice = random.Random(number)
    bays = list(range(BAYS))
    broker = Broker.parse(stack.mosquitto.url)
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(1000)
    client.connect(broker.host, broker.port)
    client.loop_start()
    begun, sent = datetime.now(tz=UTC) - timedelta(seconds=60), []
    for index in range(EVENTS):
        if index % BAYS == 0:
            dice.shuffle(bays)
        at = begun + timedelta(milliseconds=index * 60_000 // EVENTS)
        bay, turn = bays[index % BAYS], index // BAYS + number
        payload = _event(f"b{bay}", f"{number}-{index}", at, occupied=turn % 2 == 0)
        sent.append(client.publish(FILTER.replace("+", f"b{bay}"), payload, qos=1))
    for each in sent:
        each.wait_for_publish(120)
    client.disconnect()
    client.loop_stop()


def _event(bay: str, event_id: str, at: datetime, *, occupied: bool) -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"bench-{event_id}",
        "source": "/bench",
        "type": event_type("bay-occupancy"),
        "subject": f"bay/{bay}",
        "time": at,
        "datacontenttype": "application/json",
        "dataschema": schema_urn("bay-occupancy"),
        "data": {"occupied": occupied, "quality": "good"},
    }
    return orjson.dumps(event)


def _drain(parking: Service) -> tuple[float, float, float]:
    """Return rate, CPU µs an event and peak memory, from a twentieth on to the last one committed."""
    begun: tuple[float, float, float] | None = None
    peak, deadline = 0.0, time.monotonic() + 300
    while time.monotonic() < deadline:
        samples, now = parking.samples(), time.perf_counter()
        done, cpu_s = samples.get(DONE, 0.0), samples["process_cpu_seconds_total"]
        peak = max(peak, samples["process_resident_memory_bytes"])
        if begun is None and done >= EVENTS * 0.05:
            begun = (now, done, cpu_s)
        if begun is not None and done >= EVENTS:
            count = done - begun[1]
            return count / (now - begun[0]), (cpu_s - begun[2]) / count * 1e6, peak / 1e6
        # Each look costs the service some 20 ms of its one core.
        time.sleep(1)
    raise RuntimeError("the backlog was not drained in time")


def _start(stack: Stack, url: str, city: Path) -> None:
    """Time from the start of the process until it answers signs."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with _instance(stack, url, city) as instance:
            _until_answered(instance)
            took.append(time.perf_counter() - began)
    console.print(f"start with {BAYS:,} bays until signs are answered: {_spread(took)}")


def _takeover(stack: Stack, url: str, city: Path) -> None:
    """Time from a leader's death until its standby answers signs."""
    for death in (signal.SIGKILL, signal.SIGSTOP):
        took = []
        for _ in range(ROUNDS):
            with _instance(stack, url, city) as leader:
                _until_answered(leader)
                with _instance(stack, url, city) as standby:
                    _until_loaded(standby)
                    leader.process.send_signal(death)
                    began = time.perf_counter()
                    _until_answered(standby)
                    took.append(time.perf_counter() - began)
        console.print(f"take-over with {BAYS:,} bays after {death.name}: {_spread(took)}")


def _spread(took: list[float]) -> str:
    return (
        f"median {statistics.median(took):.2f} s, {min(took):.2f} to {max(took):.2f} s"
        f" ({len(took)} times)"
    )


@contextmanager
def _instance(stack: Stack, url: str, city: Path) -> Iterator[Service]:
    (port,) = free_ports(1)
    environment: Mapping[str, str] = {
        **os.environ,
        "STADTTAKT_DATABASE_URL": url,
        "STADTTAKT_MQTT_URL": stack.mosquitto.url,
        "STADTTAKT_CITY": str(city),
        "STADTTAKT_HTTP_PORT": str(port),
        "STADTTAKT_LOG_LEVEL": "error",
    }
    process = subprocess.Popen([sys.executable, "-m", PARKING], env=environment, text=True)
    try:
        yield Service(process, f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(30)


def _until_answered(instance: Service) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if ask(f"{instance.url}{SIGN}", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise RuntimeError("signs were not answered in time")


def _until_loaded(standby: Service) -> None:
    """Wait until a standby has the state at hand, and a little longer for it to be read again."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if "at hand" in ask(f"{standby.url}/ready", timeout=5).text:
                time.sleep(3)
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the standby did not load the state in time")


def _history(stack: Stack, url: str, city: Path) -> None:
    """Ask for months of random lots at 15 minutes, each lot for the first time."""
    with running(PARKING, url, stack.mosquitto.url, city) as parking:
        dice, took, buckets = random.Random(7), [], 0
        lots = dice.sample(range(LOTS), min(QUERIES, LOTS))
        end = datetime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        with httpx.Client(base_url=parking.url, timeout=60) as client:
            for lot in lots:
                since = end - timedelta(days=min(DAYS, 30))
                period = {"from": since.isoformat(), "to": end.isoformat(), "bucket": "15m"}
                began = time.perf_counter()
                answer = client.get(f"/v1/lots/lot-{lot}/history", params=period)
                took.append((time.perf_counter() - began) * 1000)
                buckets = len(answer.raise_for_status().json()["items"])
        took.sort()
        console.print(
            f"month at 15 min ({buckets} buckets): median {took[len(took) // 2]:.0f} ms,"
            f" p95 {ranked(took, 0.95):.0f} ms, worst {took[-1]:.0f} ms"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
