# SPDX-License-Identifier: EUPL-1.2
"""What becomes of one decoder's rate with more devices, more codecs, more rows, and with a second decoder beside it.

Each line has a database of its own and is held against the first line of its table, which was measured in the same run.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from bench import kept_rows, throughput
from bench.backlog import UPLINKS, until
from bench.city import SOURCES
from bench.cpu import cpu_s
from bench.quota import at_most
from bench.rounds import spread
from bench.services import Service, new_database, running
from stadttakt_local import layout
from stadttakt_simulators.burst import (
    BurstDevice,
    Pace,
    burst_devices,
    burst_pool,
    run_burst,
    write_devices,
)
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS
from stadttakt_simulators.publisher import Broker
from support.stack import Stack, running_stack

DEVICES = tuple(int(each) for each in os.environ.get("DEVICES", "1000 10000 100000").split())
ROWS = tuple(int(each) for each in os.environ.get("ROWS", "0 1000000 10000000 100000000").split())
DECODERS = (1, 2)
HELD_CORES = 0.25
"""So few that broker, database and sender have what they need of two cores, whatever two decoders take."""
IN_ROUNDS = ("devices", "codecs", "decoders", "held-decoders")
"""What differs less than the machine does from one quarter of an hour to the next."""
FEW = kept_rows.DEVICES


@dataclass(frozen=True)
class Case:
    """What is there before the load comes; rows are half uplinks, half observations."""

    devices: int = FEW
    codecs: int = 1
    rows: int = 0
    decoders: int = 1
    shared: bool = False
    held_cores: float = 0.0
    rows_matter: bool = False


@dataclass(frozen=True)
class Cost:
    """Uplinks a second; CPU of decoders and database an uplink, µs; memory of the largest decoder, MB; cells on the rows."""

    rate: float
    decoder_us: float
    database_us: float
    resident_mb: float
    kept: tuple[str, ...] = ()


def measure(what: str, folder: Path, rounds: int, console: Console) -> Iterator[Table]:
    """Yield the table of what grows: devices, codecs, rows or decoders."""
    measured: dict[int, list[Cost]] = {}
    left_out: dict[int, str] = {}
    for number, case in turns(what, rounds):
        size = getattr(case, what.rpartition("-")[2])
        console.print(f"{size:,} {what}, round {number + 1} …")
        costs = measured.setdefault(size, [])
        if reason := _too_large(case):
            left_out[size] = reason
        else:
            costs.append(_cost(case, folder / f"{what}-{size}-{number}", console))
    yield table_of(what, measured, left_out)


def turns(what: str, rounds: int) -> Iterator[tuple[int, Case]]:
    """Yield the number of the round, and each case of what grows in turn; what takes hours once."""
    few = Case()
    growing = {
        "devices": [replace(few, devices=each) for each in DEVICES],
        "codecs": [replace(few, codecs=each) for each in (1, 4, len(BAY_ENCODERS))],
        "rows": [replace(few, rows=each, rows_matter=True) for each in ROWS],
        "decoders": [replace(few, decoders=each, shared=True) for each in DECODERS],
        "held-decoders": [
            replace(few, decoders=each, shared=True, held_cores=HELD_CORES) for each in DECODERS
        ],
    }
    for number in range(max(1, rounds) if what in IN_ROUNDS else 1):
        for case in growing[what]:
            yield number, case


def table_of(
    what: str, measured: Mapping[int, Sequence[Cost]], left_out: Mapping[int, str]
) -> Table:
    """Return medians and ranges of all rounds; ratios to the first line are taken round by round."""
    times = max(map(len, measured.values()))
    title = f"{throughput.COUNT:,} uplinks, by {what.replace('-', ' ')}"
    if what == "rows":
        title += (
            f": half uplinks with raw messages of {kept_rows.RAW_BYTES:,} B and identities, half"
            " observations"
        )
    if times > 1:
        title += f"; {times} rounds in turn, medians (lowest to highest)"
    of_rows = kept_rows.COLUMNS if what == "rows" else ()
    table = Table(what.replace("-", " "), "uplinks/s", "of the first", "decoder, CPU µs", "database, CPU µs", "memory, MB",
                  *of_rows, title=title)  # fmt: skip
    first = next((costs for costs in measured.values() if costs), [])
    for size, costs in measured.items():
        if size in left_out:
            table.add_row(
                f"{size:,}", f"not measured: {left_out[size]}", *["-"] * (4 + len(of_rows))
            )
            continue
        ratios = [own.rate / other.rate for own, other in zip(costs, first, strict=True)]
        table.add_row(
            f"{size:,}",
            spread([cost.rate for cost in costs], 0),
            spread(ratios, 2),
            spread([cost.decoder_us for cost in costs], 0),
            spread([cost.database_us for cost in costs], 0),
            spread([cost.resident_mb for cost in costs], 0),
            *(costs[0].kept if of_rows else ()),
        )
    return table


def _too_large(case: Case) -> str:
    """Return why a case does not fit on this disk."""
    needed = case.rows * kept_rows.ROW_BYTES / 1e9
    free = shutil.disk_usage(layout.LOCAL).free / 1e9
    return f"needs {needed:.0f} GB of disk, {free:.0f} are free" if needed > free * 0.9 else ""


def _cost(case: Case, city: Path, console: Console) -> Cost:
    devices = _write_city(city, case)
    with running_stack() as stack:
        url = new_database(stack, "grown", city)
        kept_rows.fill(url, case.rows // 2, console)
        with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
            connection.execute("checkpoint")
        with ExitStack() as services:
            decoders = [
                services.enter_context(
                    running(
                        "uplink_decoder", url, stack.mosquitto.url, city, _settings(number, case)
                    )
                )
                for number in range(case.decoders)
            ]
            if case.held_cores:
                for decoder in decoders:
                    services.enter_context(at_most(decoder.process.pid, case.held_cores))
            # What is asked of each device once (its codec, its assignment) is no part of the rate.
            throughput.fill(stack, devices, 0, count=len(devices))
            until(lambda: _done(decoders), len(devices))
            before = kept_rows.look(url) if case.rows_matter else None
            cost = _load(stack, devices, decoders)
            if before is None:
                return cost
            return replace(cost, kept=kept_rows.look(url).cells(before, throughput.COUNT))


def _settings(number: int, case: Case) -> dict[str, str]:
    shared = {"STADTTAKT_SHARED_SUBSCRIPTION": "grown"} if case.shared else {}
    return {"STADTTAKT_INSTANCE": str(number), **shared}


def _write_city(city: Path, case: Case) -> list[BurstDevice]:
    codecs = list(BAY_ENCODERS)[: case.codecs]
    devices = [
        replace(device, codec_id=codecs[number % len(codecs)])
        for number, device in enumerate(burst_devices(case.devices))
    ]
    city.mkdir(parents=True)
    write_devices(city / "devices.csv", devices)
    (city / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    return devices


def _load(stack: Stack, devices: Sequence[BurstDevice], decoders: Sequence[Service]) -> Cost:
    """Send as fast as the broker takes it while the decoders work, and read what that cost."""
    database = stack.postgres.pid
    if database is None:
        raise RuntimeError("the database's process is not known")
    pool = burst_pool(throughput.COUNT, devices, started=system_clock(), seed=1, first_f_cnt=100)
    before = _samples(decoders)
    database_before, began = cpu_s(database), time.perf_counter()
    run_burst(pool, Broker.parse(stack.mosquitto.url), Pace(deadline_s=throughput.TAKEN_S))
    until(lambda: _done(decoders), before["done"] + throughput.COUNT)
    took_s, after = time.perf_counter() - began, _samples(decoders)
    done = after["done"] - before["done"]
    return Cost(
        rate=done / took_s,
        decoder_us=(after["cpu_s"] - before["cpu_s"]) / done * 1e6,
        database_us=(cpu_s(database) - database_before) / done * 1e6,
        resident_mb=after["largest"] / 1e6,
    )


def _samples(decoders: Sequence[Service]) -> dict[str, float]:
    told = [decoder.samples() for decoder in decoders]
    return {
        "done": sum(each.get(UPLINKS, 0.0) for each in told),
        "cpu_s": sum(each["process_cpu_seconds_total"] for each in told),
        "largest": max(each["process_resident_memory_bytes"] for each in told),
    }


def _done(decoders: Sequence[Service]) -> float:
    return sum(decoder.samples().get(UPLINKS, 0.0) for decoder in decoders)
