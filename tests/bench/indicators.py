# SPDX-License-Identifier: EUPL-1.2
"""Indicators: a hundred of them from scratch over three years, and the night after.

`PYTHONPATH=tests python -m bench.indicators`; `LOTS=50 VEHICLES=30 DAYS=90` asks for less. What
is read are quarters of an hour: 500 lots in the table of the parking service, behind its own view,
and 300 vehicles in a table made here. No query runs in parallel: the database has one core. The
full size takes 15 GB of disk.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from rich.console import Console
from rich.table import Table

from bench.city import write_city as write_load
from bench.cpu import cpu_s
from bench.services import new_database
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import Report, compute
from stadttakt_runtime.database import Database
from support.indicators import LOTS as OF_LOTS
from support.indicators import ZONE, indicator, libpq, write_city
from support.stack import Stack, running_stack

LOTS = int(os.environ.get("LOTS", "500"))
VEHICLES = int(os.environ.get("VEHICLES", "300"))
DAYS = int(os.environ.get("DAYS", "1096"))
BERLIN = ZoneInfo(ZONE)
END = datetime(2026, 11, 1, tzinfo=BERLIN)
CHUNK = timedelta(days=30)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOURS = (None, [7, 9], [9, 16], [16, 19], [19, 23], [6, 22])
OF_VEHICLES = {
    "formula": "vehicles",
    "version": 1,
    "unit": "%",
    "aggregation": "ratio",
    "view": "transit.v1_bench_quarter_hour",
    "time": "start",
    "measure": "passenger_km",
    "per": "place_km",
    "known": "known",
    "expected": "1",
    "without": {"simulated": [True]},
}

_LOTS = """
insert into parking.lot_history (lot_id, width_s, start, free_mean, free_min, free_max,
                                 occupied_mean, unknown_mean, completeness, known_share, changed_at)
select 'lot-' || lot, 900, start, 100 - occupied, 0, 100, occupied, 5, 100 / 105.0, 1, %(written)s
  from generate_series(1, %(number)s) as lot,
       generate_series(%(begin)s::timestamptz, %(end)s::timestamptz - interval '15 minutes',
                       interval '15 minutes') as start,
       lateral (select 50 + 40 * sin(extract(epoch from start) / 13751 + lot) as occupied) given
"""
_VEHICLE_TABLE = """
set role transit;
create table transit.bench_quarter_hour (
    vehicle_id text not null, line text not null, start timestamptz not null,
    passenger_km double precision, place_km double precision, above_km double precision,
    known double precision not null, simulated boolean not null,
    changed_at timestamptz not null
);
create index on transit.bench_quarter_hour using brin (start);
create index on transit.bench_quarter_hour using brin (changed_at);
create view transit.v1_bench_quarter_hour as select * from transit.bench_quarter_hour;
grant select on transit.v1_bench_quarter_hour to public;
"""
_VEHICLES = """
insert into transit.bench_quarter_hour
select 'vehicle-' || vehicle, 'line-' || vehicle %% 20, start, share * 300, 300,
       case when share > 0.5 then share * 300 else 0 end, 1, false, %(written)s
  from generate_series(1, %(number)s) as vehicle,
       generate_series(%(begin)s::timestamptz, %(end)s::timestamptz - interval '15 minutes',
                       interval '15 minutes') as start,
       lateral (select 0.3 + 0.25 * sin(extract(epoch from start) / 9173 + vehicle) as share) given
"""


def measure(stack: Stack, city: Path, console: Console) -> Iterator[Table]:
    """Fill, compute from scratch, add a night and late data, compute again."""
    url = new_database(stack, "indicators", city)
    indicators = prepare(url, console)
    table = Table(
        "",
        "took",
        "CPU",
        "of the database",
        "load",
        "days counted",
        "values stored",
        title=f"{indicators} indicators, {DAYS:,} days, {LOTS} lots, {VEHICLES} vehicles:"
        f" {(LOTS + VEHICLES) * DAYS * 96 / 1e6:.1f} million quarters of an hour, one core",
    )
    for what, now in nights(url):
        table.add_row(what, *_timed(stack, url, now))
    yield table


def prepare(url: str, console: Console) -> int:
    """Fill what is read and apply the framework; return how many indicators it has."""
    begin = END - timedelta(days=DAYS)
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"alter database {name} set max_parallel_workers_per_gather = 0")
        connection.execute(_VEHICLE_TABLE)
        connection.execute("reset role")
        for first, last in pairwise(_edges(begin, END)):
            _fill(connection, first, last)
            console.print(f"{(last - begin).days} of {DAYS} days written …")
        connection.execute("vacuum analyze parking.lot_history")
        connection.execute("vacuum analyze transit.bench_quarter_hour")
    with tempfile.TemporaryDirectory() as folder:
        formulas, indicators = framework()
        apply_city(write_city(Path(folder), formulas, indicators), url)
    return len(indicators)


def nights(url: str) -> Iterator[tuple[str, datetime]]:
    """Yield what is computed and when it is thought to be; between them data come."""
    yield "from scratch", END + timedelta(hours=4)
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        _fill(connection, END, END + timedelta(days=1))
        late = (
            "update parking.lot_history set occupied_mean = 90, free_mean = 10, changed_at = now()"
        )
        middle = END - timedelta(days=DAYS // 2)
        connection.execute(
            late + " where lot_id = 'lot-7' and start >= %s and start < %s",
            (middle, middle + timedelta(days=3)),
        )
    yield "the next night, three days of a lot late", END + timedelta(days=1, hours=4)
    yield "nothing new", END + timedelta(days=1, hours=5)


def _edges(begin: datetime, end: datetime) -> list[datetime]:
    """Return from when to when is filled at once: a chunk of the table, in the order of its key."""
    inner = begin - (begin - EPOCH) % CHUNK + CHUNK
    found = [begin]
    while inner < end:
        found.append(inner)
        inner += CHUNK
    return [*found, end]


def _fill(connection: psycopg.Connection[Any], begin: datetime, end: datetime) -> None:
    # Written when it was measured: what is older than the last look is not late.
    values = {"begin": begin, "end": end, "written": end}
    connection.execute(_LOTS, {**values, "number": LOTS})
    connection.execute(_VEHICLES, {**values, "number": VEHICLES})


def framework() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a hundred indicators: all lots and vehicles, some of them, at hours, on weekdays."""
    formulas: list[dict[str, Any]] = []
    for number in range(60):
        few = [f"lot-{lot}" for lot in range(1, LOTS + 1) if lot % 10 == number % 10]
        formulas.append(
            {
                **OF_LOTS,
                "formula": f"lots-{number}",
                "by": "lot_id" if number < 3 else None,
                "only": {} if number < 12 else {"lot_id": few},
                "hours": HOURS[number % len(HOURS)],
                "weekdays": [1, 2, 3, 4, 5] if number % 4 == 1 else [],
            }
        )
    for number in range(40):
        line = {"line": [f"line-{number % 20}"]}
        formulas.append(
            {
                **OF_VEHICLES,
                "formula": f"vehicles-{number}",
                "measure": "above_km" if number % 2 else "passenger_km",
                "per": "passenger_km" if number % 2 else "place_km",
                "by": "line" if number < 3 else None,
                "only": {} if number < 8 else line,
                "hours": HOURS[number % len(HOURS)],
            }
        )
    return formulas, [indicator(f"i-{each['formula']}", each["formula"]) for each in formulas]


def _timed(stack: Stack, url: str, now: datetime) -> tuple[str, ...]:
    async def work() -> Report:
        async with Database.open(url, schema="kpi", size=2) as database:
            return await compute(database, now)

    server = stack.postgres.pid or 0
    began, own, of_database = time.perf_counter(), time.process_time(), cpu_s(server)
    report = asyncio.run(work())
    took, own = time.perf_counter() - began, time.process_time() - own
    of_database = cpu_s(server) - of_database
    figures = (f"{took:.1f} s", f"{own:.1f} s", f"{of_database:.1f} s")
    return *figures, f"{os.getloadavg()[0]:.1f}", f"{report.days:,}", f"{report.values:,}"


if __name__ == "__main__":
    shown = Console()
    with tempfile.TemporaryDirectory() as empty, running_stack() as own:
        write_load(Path(empty) / "city")
        for found in measure(own, Path(empty) / "city", shown):
            shown.print(found)
