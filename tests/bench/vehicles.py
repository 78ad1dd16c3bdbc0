# SPDX-License-Identifier: EUPL-1.2
"""Vehicle occupancy: count messages a second through rows, loads and states.

`PYTHONPATH=tests python -m bench.vehicles`; `EVENTS`, `VEHICLES` and `ROUNDS` change the amounts. The
throughput is a ratio to the bare paho loop of the same run. Before each round every vehicle begins a
trip at a terminal, so that it is known to be empty and its load is known while counts come in;
how many have a level at the end is told, since a service that knows no load has less to do.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.backlog import VEHICLES as DONE
from bench.backlog import bare_rate, bare_session, drain, until
from bench.events import event
from bench.sending import publish
from bench.services import Service, ask, new_database, running
from support.stack import Stack, running_stack

EVENTS = int(os.environ.get("EVENTS", "24000"))
VEHICLES = int(os.environ.get("VEHICLES", "1000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
START = datetime.now(tz=UTC)
DOORS = 4
STOP_S = 60 / VEHICLES
"""From one stop of any vehicle to the next: each stops once a minute."""
FILTER = "takt/v1/observation/passenger-count/+/+"
SERVICE = "vehicle_occupancy"
KIND = "kinds:\n  - {kind: tram, name: Tram, mode: tram, seats: 70, standing: 90, doors: ['1','2','3','4'], silent_after_s: 7200}\n"


def main() -> None:
    """Measure and print."""
    console = Console(width=160)
    for table in measure(console):
        console.print(table)


def measure(console: Console) -> Iterator[Table]:
    """Drain backlogs that wait at the broker: bare loop, then the service."""
    table = Table(
        "round", "messages/s", "bare loop/s", "ratio", "CPU µs a message", "published a message",
        "vehicles with a level", "MB",
        title=f"{EVENTS:,} counts at the doors of {VEHICLES:,} vehicles whose loads are known",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        city = write_city(Path(folder) / "city")
        url = new_database(stack, "bench", city)
        for number in range(ROUNDS):
            console.print(f"round {number + 1} of {ROUNDS} …")
            # The bare loop gives its subscription up when it is done.
            bare_session(stack, FILTER)
            with running(SERVICE, url, stack.mosquitto.url, city) as service:
                _begin_trips(stack, service, number)
            _fill(stack, number)
            raw_rate = bare_rate(stack, EVENTS, FILTER)
            with running(SERVICE, url, stack.mosquitto.url, city) as service:
                rate, cpu_us, peak_mb = drain(service, DONE, EVENTS)
                published = service.samples()["stadttakt_transit_published_total"]
                known = _with_a_level(service)
            row = (
                number + 1,
                rate,
                raw_rate,
                rate / raw_rate,
                cpu_us,
                published / EVENTS,
                known,
                peak_mb,
            )
            forms = ("{}", "{:,.0f}", "{:,.0f}", "{:.2f}", "{:.0f}", "{:.2f}", "{:,}", "{:.0f}")
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


def _begun(number: int) -> datetime:
    """Return when a round begins; each after the one before: what comes late is another matter."""
    return START - timedelta(seconds=(STOP_S * EVENTS / DOORS + 120) * (ROUNDS - number))


def _begin_trips(stack: Stack, service: Service, number: int) -> None:
    """Let every vehicle end a trip and begin another: at the terminal between nobody is on board."""
    begun, messages = _begun(number), []
    for n in range(VEHICLES):
        for trip, before_s in (("a", 100), ("b", 60)):
            at = begun - timedelta(seconds=before_s)
            data = {"line": str(n % 20), "direction": 0, "trip_id": f"{number}-{trip}-{n}"}
            payload = event(
                "trip-assignment", f"vehicle/v{n}", f"bench-{number}-{n}-{trip}", at, data
            )
            messages.append((f"takt/v1/input/trip-assignment/v{n}", payload))
    before = service.samples().get(DONE, 0.0)
    publish(stack.mosquitto.url, messages)
    until(lambda: service.samples().get(DONE, 0.0), before + len(messages))


def _fill(stack: Stack, number: int) -> None:
    """Let every vehicle stop again and again, each at its own minute; all doors speak."""
    dice, begun, messages = random.Random(number), _begun(number), []
    on_board = [0] * VEHICLES
    for stop in range(EVENTS // DOORS):
        n, at = stop % VEHICLES, begun + timedelta(seconds=STOP_S * stop)
        for door, (inwards, outwards) in enumerate(_passing(dice, on_board[n]), start=1):
            on_board[n] += inwards - outwards
            counts = [{"class": "adult", "in": inwards, "out": outwards}]
            data = {"mode": "delta", "counts": counts, "quality": "regular"}
            subject, event_id = f"vehicle/v{n}/door/{door}", f"bench-{number}-{stop}-{door}"
            payload = event("passenger-count", subject, event_id, at, data)
            messages.append((f"takt/v1/observation/passenger-count/v{n}/{door}", payload))
    publish(stack.mosquitto.url, messages)


def _passing(dice: random.Random, on_board: int) -> list[tuple[int, int]]:
    """Return who passes each door: nobody alights who is not on board, a third of them do."""
    outwards = [0] * DOORS
    for _ in range(on_board // 3):
        outwards[dice.randrange(DOORS)] += 1
    return [(dice.randrange(6), each) for each in outwards]


def _with_a_level(service: Service) -> int:
    """Return of how many vehicles everybody is told a level."""
    known, cursor = 0, ""
    while True:
        query = {"limit": "1000", **({"cursor": cursor} if cursor else {})}
        page = ask(f"{service.url}/v1/vehicles", params=query, timeout=30).json()
        known += sum(each["level"] is not None for each in page["items"])
        cursor = page["next_cursor"] or ""
        if not cursor:
            return known


if __name__ == "__main__":
    main()
