# SPDX-License-Identifier: EUPL-1.2
"""How many requests for feeds one publisher answers while bays change, beside a bare server of this run.

`PYTHONPATH=tests python -m bench.feed_serving`; `CHANGES` bays change a second, and the lots that they are in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.city import write_city
from bench.cpu import cpu_s
from bench.feeds import BAYS, LOTS
from bench.sending import publish, repeating
from bench.services import Service, ask, new_database, running
from open_data_publisher.domain.truth import AnyState
from stadttakt_messages.states import BayStatus
from support.open_data import bay, lot
from support.open_data_world import World
from support.stack import free_ports, running_stack

CHANGES = int(os.environ.get("CHANGES", "100"))
WRK_S = int(os.environ.get("WRK_S", "8"))
CONNECTIONS = 32
WAIT_S = 180.0
SITES = "/feeds/parkapi/v3/parking-sites"
STATUS = "/feeds/datex2/v2/parking-status.xml"
TABLE = "/feeds/datex2/v2/parking-table.xml"
GZIP = {"Accept-Encoding": "gzip"}
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Rate:
    """What a load generator saw."""

    per_s: float
    p99_ms: float
    worst_ms: float
    mb_per_s: float
    cpu_us: float


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        city = Path(folder) / "city"
        write_city(city)
        for table in measure(city, Console(width=160)):
            Console(width=160).print(table)


def measure(city: Path, console: Console) -> Iterator[Table]:
    """Yield how many requests are answered, each beside the bare server that has the same bytes."""
    if shutil.which("wrk") is None:
        yield Table("wrk is missing (Debian package wrk): not measured")
        return
    table = Table(
        "request", "bytes", "requests/s", "of bare", "CPU, µs", "p99, ms", "worst, ms", "MB/s",
        title=f"Feeds of {LOTS} lots and {BAYS:,} bays, {CHANGES} bays and the lots of these changing a second, {CONNECTIONS} connections",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        database_url = new_database(stack, "bench", city)
        world = World(Path(folder), database_url, stack.mosquitto.url)
        settings = {**world.settings, "STADTTAKT_OPENDATA_BUILD_EVERY_S": "1"}
        with running(
            "open_data_publisher",
            database_url,
            stack.mosquitto.url,
            Path(folder),
            settings,
        ) as service:
            console.print("telling the publisher of all lots and bays …")
            tell(world, stack.mosquitto.url, everything())
            _wait_for_table(service.url)
            with changing(world, stack.mosquitto.url):
                for row in _rows(service, Path(folder)):
                    table.add_row(*row)
    yield table


def everything() -> list[AnyState]:
    """Return the states of the city, valid for an hour."""
    lots = [one_lot(number, 12) for number in range(LOTS)]
    return lots + [one_bay(number, BayStatus.FREE) for number in range(BAYS)]


def one_lot(number: int, free: int) -> AnyState:
    """Return a lot as it is now."""
    now = datetime.now(tz=UTC)
    return lot(
        f"lot-{number}",
        name=f"Parkplatz {number}",
        free=free,
        free_min=free,
        free_max=free,
        occupied=39 - free,
        computed_at=now,
        measured_at=now,
        valid_until=now + timedelta(hours=1),
    )


def one_bay(number: int, state: BayStatus) -> AnyState:
    """Return a bay as it is now."""
    now = datetime.now(tz=UTC)
    return bay(
        f"bay-{number}",
        lot_id=f"lot-{number % LOTS}",
        state=state,
        lat=round(51.4 + number * 1e-6, 6),
        measured_at=now,
        valid_until=now + timedelta(hours=1),
    )


def tell(world: World, mqtt_url: str, states: Sequence[AnyState]) -> None:
    """Publish states and wait until the broker has them."""
    publish(mqtt_url, map(world.message, states), retain=True, in_flight=200)


@contextmanager
def changing(world: World, mqtt_url: str) -> Iterator[None]:
    """Let bays and their lots change while the block runs."""

    def change(turn: int) -> None:
        first = (turn + 1) * CHANGES
        state = (BayStatus.FREE, BayStatus.OCCUPIED)[turn % 2]
        numbers = [n % BAYS for n in range(first, first + CHANGES)]
        lots = sorted({number % LOTS for number in numbers})
        states = [one_bay(number, state) for number in numbers]
        tell(world, mqtt_url, states + [one_lot(number, 10 + turn % 20) for number in lots])

    with repeating(1, change):
        yield


def _wait_for_table(url: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        answer = ask(url + TABLE, timeout=30)
        if answer.status_code == 200 and f'"bay-{BAYS - 1}"' in answer.text:
            return
        time.sleep(0.5)
    raise RuntimeError(f"not all bays were in the table after {WAIT_S} s")


def _rows(service: Service, folder: Path) -> Iterator[tuple[str, ...]]:
    url = service.url
    for name, path, headers, is_known in (
        ("static table, client has it (304)", TABLE, GZIP, True),
        ("lots, compressed (200)", SITES, GZIP, False),
        ("lots, plain (200)", SITES, {"Accept-Encoding": "identity"}, False),
        ("all bays, DATEX II status, compressed (200)", STATUS, GZIP, False),
    ):
        with httpx.stream("GET", url + path, headers=headers, timeout=30) as answer:
            body = b"".join(answer.iter_raw())
            tag = answer.headers["etag"]
        asked = {**headers, "If-None-Match": tag} if is_known else headers
        status = ask(url + path, headers=asked, timeout=30).status_code
        if status != (304 if is_known else 200):
            raise RuntimeError(f"{name}: answered {status}")
        expected = b"" if is_known else body
        measured = run_wrk(url + path, asked, service.process.pid)
        bare = _bare(folder, expected)
        yield (
            name,
            f"{len(expected):,}",
            f"{measured.per_s:,.0f}",
            f"{measured.per_s / bare.per_s:.2f} of {bare.per_s:,.0f}/s",
            f"{measured.cpu_us:.0f} (bare {bare.cpu_us:.0f})",
            f"{measured.p99_ms:.0f} (bare {bare.p99_ms:.0f})",
            f"{measured.worst_ms:.0f} (bare {bare.worst_ms:.0f})",
            f"{measured.mb_per_s:.0f}",
        )


def _bare(folder: Path, body: bytes) -> Rate:
    """Return what a server does that does nothing else."""
    file = folder / "body"
    file.write_bytes(body)
    (port,) = free_ports(1)
    process = subprocess.Popen([sys.executable, "-m", "bench.bare_server", str(port), str(file)])
    url = f"http://127.0.0.1:{port}/"
    try:
        _wait_for_answer(url)
        return run_wrk(url, {}, process.pid)
    finally:
        process.kill()
        process.wait()


def _wait_for_answer(url: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            ask(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the bare server did not come up")


def run_wrk(url: str, headers: Mapping[str, str], pid: int) -> Rate:
    """Ask for an address as often as one thread can; `pid` is who answers, whatever else it does."""
    named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{WRK_S}s", "--latency", *named, url]
    before = cpu_s(pid)
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    used_us = (cpu_s(pid) - before) * 1e6
    if "Non-2xx" in said:
        raise RuntimeError(said)
    answered = float(_found(r"(\d+) requests in", said)[0])
    return Rate(
        float(_found(r"Requests/sec:\s+([0-9.]+)", said)[0]),
        _ms(_found(r"99%\s+([0-9.]+)(us|ms|s)", said)),
        _ms(_found(r"Latency\s+\S+\s+\S+\s+([0-9.]+)(us|ms|s)", said)),
        _mb(_found(r"Transfer/sec:\s+([0-9.]+)([KMG]?B)", said)),
        used_us / answered,
    )


def _found(pattern: str, said: str) -> tuple[str, ...]:
    match = re.search(pattern, said)
    if match is None:
        raise RuntimeError(said)
    return match.groups()


def _ms(figure: tuple[str, ...]) -> float:
    return float(figure[0]) * _UNITS[figure[1]]


def _mb(figure: tuple[str, ...]) -> float:
    return float(figure[0]) * {"B": 1e-6, "KB": 1e-3, "MB": 1.0, "GB": 1e3}[figure[1]]


if __name__ == "__main__":
    main()
