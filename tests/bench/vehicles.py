"""Vehicle occupancy: count messages a second through rows, loads and states.

`PYTHONPATH=tests python -m bench.vehicles`; `EVENTS`, `VEHICLES` and `ROUNDS` change the amounts. The
throughput is a ratio to the bare paho loop of the same run.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import paho.mqtt.client as paho
from rich.console import Console
from rich.table import Table

from bench.services import Service, new_database, running
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_simulators.publisher import Broker
from support.stack import Stack, running_stack

EVENTS = int(os.environ.get("EVENTS", "40000"))
VEHICLES = int(os.environ.get("VEHICLES", "1000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
START = datetime.now(tz=UTC)
DOORS = 4
FILTER = "takt/v1/observation/passenger-count/+/+"
DONE = "stadttakt_transit_messages_total"
SERVICE = "vehicle_occupancy"
KIND = "kinds:\n  - {kind: tram, name: Tram, mode: tram, seats: 70, standing: 90, doors: ['1','2','3','4']}\n"


def main() -> None:
    """Measure and print."""
    console = Console(width=160)
    for table in measure(console):
        console.print(table)


def measure(console: Console) -> Iterator[Table]:
    """Drain backlogs that wait at the broker: bare loop, then the service."""
    table = Table(title=f"{EVENTS:,} counts at the doors of {VEHICLES:,} vehicles")
    for name in (
        "messages/s",
        "bare loop/s",
        "ratio",
        "CPU µs a message",
        "published a message",
        "MB",
    ):
        table.add_column(name, justify="right")
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        city = write_city(Path(folder) / "city")
        url = new_database(stack, "bench", city)
        with running(SERVICE, url, stack.mosquitto.url, city):
            pass
        for number in range(ROUNDS):
            console.print(f"round {number + 1} of {ROUNDS} …")
            # The bare loop gives its subscription up when it is done.
            _raw(stack, 0)
            _fill(stack, number)
            raw_rate = EVENTS / _raw(stack, EVENTS)
            with running(SERVICE, url, stack.mosquitto.url, city) as service:
                rate, cpu_us, peak_mb = _drain(service)
                published = service.samples()["stadttakt_transit_published_total"]
            row = (rate, raw_rate, rate / raw_rate, cpu_us, published / EVENTS, peak_mb)
            forms = ("{:,.0f}", "{:,.0f}", "{:.2f}", "{:.0f}", "{:.2f}", "{:.0f}")
            table.add_row(*(form.format(value) for form, value in zip(forms, row, strict=True)))
    yield table


def write_city(city: Path) -> Path:
    """Write a city of as many trams as are wanted; returns its folder."""
    (city / "transit").mkdir(parents=True)
    fleet = "".join(f"  - {{vehicle_id: v{n}, kind: tram}}\n" for n in range(VEHICLES))
    (city / "transit/vehicles.yaml").write_text(f"{KIND}vehicles:\n{fleet}")
    (city / "sources.yaml").write_text("sources: []\n")
    (city / "devices.csv").write_text("dev_eui,name\n")
    return city


def _raw(stack: Stack, count: int) -> float:
    broker = Broker.parse(stack.mosquitto.url)
    script = Path(__file__).with_name("raw_receive.py")
    command = [sys.executable, str(script), broker.host, str(broker.port), str(count), FILTER]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return float(output.stdout) if count else 0.0


def _fill(stack: Stack, number: int) -> None:
    """Let every vehicle stop again and again, each at its own minute; all doors speak."""
    dice = random.Random(number)
    broker = Broker.parse(stack.mosquitto.url)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(1000)
    client.connect(broker.host, broker.port)
    client.loop_start()
    stops = EVENTS // DOORS
    # Each round after the one before: what comes late is another matter.
    begun, sent = START - timedelta(seconds=0.06 * stops * (ROUNDS - number)), []
    for stop in range(stops):
        vehicle, at = f"v{stop % VEHICLES}", begun + timedelta(seconds=0.06 * stop)
        for door in range(1, DOORS + 1):
            passed = (dice.randrange(4), dice.randrange(4))
            payload = _event(vehicle, str(door), f"{number}-{stop}-{door}", at, passed)
            topic = f"takt/v1/observation/passenger-count/{vehicle}/{door}"
            sent.append(client.publish(topic, payload, qos=1))
    for each in sent:
        each.wait_for_publish(120)
    client.disconnect()
    client.loop_stop()


def _event(vehicle: str, door: str, event_id: str, at: datetime, passed: tuple[int, int]) -> bytes:
    counts = [{"class": "adult", "in": passed[0], "out": passed[1]}]
    event = {
        "specversion": "1.0",
        "id": f"bench-{event_id}",
        "source": "/bench",
        "type": event_type("passenger-count"),
        "subject": f"vehicle/{vehicle}/door/{door}",
        "time": at,
        "datacontenttype": "application/json",
        "dataschema": schema_urn("passenger-count"),
        "data": {"mode": "delta", "counts": counts, "quality": "regular"},
    }
    return orjson.dumps(event)


def _drain(service: Service) -> tuple[float, float, float]:
    """Return rate, CPU µs a message and peak memory, from a twentieth on to the last one committed."""
    begun: tuple[float, float, float] | None = None
    peak, deadline = 0.0, time.monotonic() + 300
    while time.monotonic() < deadline:
        samples, now = service.samples(), time.perf_counter()
        done, cpu_s = samples.get(DONE, 0.0), samples["process_cpu_seconds_total"]
        peak = max(peak, samples["process_resident_memory_bytes"])
        if begun is None and done >= EVENTS * 0.05:
            begun = (now, done, cpu_s)
        if begun is not None and done >= EVENTS:
            count = done - begun[1]
            return count / (now - begun[0]), (cpu_s - begun[2]) / count * 1e6, peak / 1e6
        time.sleep(0.1)
    raise RuntimeError("the backlog was not drained in time")


if __name__ == "__main__":
    main()
