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
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.backlog import BAYS as DONE
from bench.backlog import bare_rate, bare_session, drain
from bench.cpu import cpu_s
from bench.events import event
from bench.parking_city import BAYS, LOTS, make_past, write_city
from bench.ranks import ranked
from bench.sending import publish
from bench.services import Service, ask, new_database, running, started
from support.stack import Stack, running_stack

EVENTS = int(os.environ.get("EVENTS", "60000"))
CHANGES = int(os.environ.get("CHANGES", "10000000"))
DAYS = int(os.environ.get("DAYS", "30"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
QUERIES = 200
FILTER = "takt/v1/observation/bay-occupancy/+"
SIGN = "/v1/signs/sign-0-0"
PARKING = "parking_occupancy"
console = Console(width=160)


def main(wanted: list[str]) -> None:
    """Measure what is wanted, or everything, and print it."""
    for table in measure(wanted):
        console.print(table)


def measure(wanted: Sequence[str] = ()) -> Iterator[Table]:
    """Yield a table of each that is wanted, or of everything."""
    scenarios: dict[str, Callable[[Stack, str, Path], Table]] = {
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
            yield scenarios[name](stack, url, city)


def _throughput(stack: Stack, url: str, city: Path) -> Table:
    """Drain a backlog that waits at the broker: bare loop, then the service."""
    with running(PARKING, url, stack.mosquitto.url, city):
        pass
    return table_of_rounds([_round(stack, url, city, number) for number in range(ROUNDS)])


@dataclass(frozen=True)
class Round:
    """Events a second of the bare loop and of parking; CPU µs of parking, database, broker; states and memory."""

    bare: float
    rate: float
    cpu_us: tuple[float, float, float]
    published: float
    resident_mb: float


def _round(stack: Stack, url: str, city: Path, number: int) -> Round:
    # The bare loop leaves its subscription when it is done.
    bare_session(stack, FILTER)
    publish(stack.mosquitto.url, _turning_over(number))
    raw_rate = bare_rate(stack, EVENTS, FILTER)
    with running(PARKING, url, stack.mosquitto.url, city) as parking:
        servers = [stack.postgres.pid, stack.mosquitto.pid]
        before = [cpu_s(pid) for pid in servers if pid]
        # Each look costs the service some 20 ms of its one core.
        rate, cpu_us, resident_mb = drain(parking, DONE, EVENTS, look_s=1)
        after = [cpu_s(pid) for pid in servers if pid]
        published = parking.samples()["stadttakt_parking_published_total"]
    database_us, broker_us = (
        (end - start) / EVENTS * 1e6 for start, end in zip(before, after, strict=True)
    )
    cpu = (cpu_us, database_us, broker_us)
    return Round(raw_rate, rate, cpu, published / EVENTS, resident_mb)


def table_of_rounds(rounds: Sequence[Round]) -> Table:
    """Return what all rounds measured."""
    table = _table(
        f"{EVENTS:,} events of {BAYS:,} bays, each of which turns one over; {len(rounds)} rounds"
    )
    for what, digits, values in (
        ("events/s", 0, [each.rate for each in rounds]),
        ("bare loop/s", 0, [each.bare for each in rounds]),
        ("ratio to the bare loop", 2, [each.rate / each.bare for each in rounds]),
        ("CPU of parking, µs an event", 0, [each.cpu_us[0] for each in rounds]),
        ("CPU of the database, µs an event", 0, [each.cpu_us[1] for each in rounds]),
        ("CPU of the broker, µs an event", 0, [each.cpu_us[2] for each in rounds]),
        ("states published an event", 1, [each.published for each in rounds]),
        ("memory, MB", 0, [each.resident_mb for each in rounds]),
    ):
        _add(table, what, values, digits)
    return table


def _table(title: str) -> Table:
    return Table("", "median", "lowest", "highest", title=title)


def _add(table: Table, what: str, values: Sequence[float], digits: int) -> None:
    shown = (statistics.median(values), min(values), max(values))
    table.add_row(what, *(f"{each:,.{digits}f}" for each in shown))


def _turning_over(number: int) -> Iterator[tuple[str, bytes]]:
    """Yield events that let every bay turn over, in random order, as often as they suffice."""
    dice = random.Random(number)
    bays = list(range(BAYS))
    begun = datetime.now(tz=UTC) - timedelta(seconds=60)
    for index in range(EVENTS):
        if index % BAYS == 0:
            dice.shuffle(bays)
        at = begun + timedelta(milliseconds=index * 60_000 // EVENTS)
        bay, turn = f"b{bays[index % BAYS]}", index // BAYS + number
        data = {"occupied": turn % 2 == 0, "quality": "good"}
        payload = event("bay-occupancy", f"bay/{bay}", f"bench-{number}-{index}", at, data)
        yield FILTER.replace("+", bay), payload


def _start(stack: Stack, url: str, city: Path) -> Table:
    """Time from the start of the process until it answers signs."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with _instance(stack, url, city) as instance:
            _until_answered(instance)
            took.append(time.perf_counter() - began)
    past = f"{DAYS} days and {CHANGES:,} changes"
    table = _table(
        f"Start of {BAYS:,} bays with {past} until signs are answered, s; {ROUNDS} times"
    )
    _add(table, "start", took, 2)
    return table


def _takeover(stack: Stack, url: str, city: Path) -> Table:
    """Time from a leader's death until its standby answers signs."""
    table = _table(f"Take-over of {BAYS:,} bays until signs are answered, s; {ROUNDS} times each")
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
        _add(table, f"take-over after {death.name}", took, 2)
    return table


@contextmanager
def _instance(stack: Stack, url: str, city: Path) -> Iterator[Service]:
    """Run one from its very start on, and end it as it stands."""
    quiet = {"STADTTAKT_LOG_LEVEL": "error"}
    with started(PARKING, url, stack.mosquitto.url, city, quiet) as instance:
        try:
            yield instance
        finally:
            instance.process.kill()


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


def _history(stack: Stack, url: str, city: Path) -> Table:
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
    table = Table(
        "", "median", "p95", "worst",
        title=f"History of a lot with {CHANGES:,} changes of {DAYS} days, ms; {len(took)} lots once each",
    )  # fmt: skip
    shown = (took[len(took) // 2], ranked(took, 0.95), took[-1])
    table.add_row(f"a month at 15 min, {buckets} buckets", *(f"{each:.0f}" for each in shown))
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
