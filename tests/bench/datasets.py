"""A year of 15-minute values of many lots: collected into editions, then served; beside a bare COPY.

`PYTHONPATH=tests python -m bench.datasets`; `DATASET_LOTS` and `DATASET_DAYS` change the amount.
"""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from rich.table import Table

from bench.services import new_database
from open_data_publisher.datasets.collector import Collector
from open_data_publisher.datasets.files import File
from open_data_publisher.datasets.formats.catalogue import FORMATS
from open_data_publisher.domain.asked import Asked
from open_data_publisher.domain.known_sources import LOT_HISTORY
from open_data_publisher.domain.policy import Dataset, Policy
from open_data_publisher.domain.publication import Publication
from open_data_publisher.storage import editions
from stadttakt_runtime.database import Database
from support.open_data import lots_dataset
from support.stack import Stack

LOTS = int(os.environ.get("DATASET_LOTS", "500"))
DAYS = int(os.environ.get("DATASET_DAYS", "365"))
END = datetime(2026, 11, 1, tzinfo=UTC)
SINCE = END - timedelta(days=DAYS)
_LOTS = """
insert into parking.lot (lot_id, name, capacity, detection, lat, lon, opening, reserve, unknown_limit)
select format('lot-%%s', n), format('Parkplatz %%s', n), 100, 'single_bay', 51.4 + n * 1e-4, 11.9,
       '24/7', 0, 0.2
  from generate_series(1, %(lots)s::int) as n
"""
_STATES = """
insert into parking.lot_state (lot_id, state, capacity, occupied, unknown, out_of_service, by_kind, samples,
                               computed_at, valid_until, version, change_no)
select lot_id, 'unknown', 100, 0, 100, 0, '{}', '[]', now(), now(), 1, 1
  from parking.lot where lot_id like 'lot-%%'
"""
# Values that vary as real ones do: two digits behind the point, a day's wave, unlike from lot to lot.
_HISTORY = """
insert into parking.lot_history (lot_id, width_s, start, free_mean, free_min, free_max, occupied_mean,
                                 unknown_mean, completeness)
select format('lot-%%s', n), 900, start, free, floor(free)::int, ceil(free)::int,
       round((100 - free)::numeric, 2), 0, 1
  from generate_series(1, %(lots)s::int) as n,
       generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '15 min', '15 min') as start,
       lateral (select round((50 + 40 * sin(extract(epoch from start) / 13751 + n)
                              + (hashint8(extract(epoch from start)::bigint + n) %% 500) / 100.0)::numeric, 2)
                       ::float8 as free) as made
"""
_COPY = """
copy (select lot_id, name, lat, lon, start, free_mean, free_min, free_max, occupied_mean, unknown_mean,
             completeness, simulated
        from parking.v1_lot_history
       where start >= '{since}' and start < '{until}' and width_s = 900
       order by start, lot_id) to stdout (format {format})
"""


@dataclass
class Meter:
    """How long something took and how many bytes it gave."""

    seconds: float = 0.0
    size: int = 0
    extra_mb: float = 0.0


def measure(stack: Stack, city: Path) -> Iterator[Table]:
    """Yield how long collecting and serving take, each beside COPY of the same rows in this run."""
    database_url = new_database(stack, "datasets", city)
    rows = _fill(database_url)
    dataset = lots_dataset(fields=tuple(LOT_HISTORY.by_name))
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    copies = {form: _timed(lambda form=form: _copy(plain, form)) for form in ("csv", "binary")}  # type: ignore[misc]
    collected = asyncio.run(_collect(plain, dataset))
    table = Table(title=f"Datasets: {LOTS} lots × {DAYS} days, {rows:,} rows")
    for column in ("what", "seconds", "MB", "of COPY (text)", "memory, MB more"):
        table.add_column(column, justify="left" if column == "what" else "right")
    base = copies["csv"].seconds
    for name, meter in (
        ("bare COPY of the view, CSV", copies["csv"]),
        ("bare COPY of the view, binary", copies["binary"]),
        ("collected into editions, once", collected),
        *((f"served as {ending}", _serve(plain, dataset, ending)) for ending in ("parquet", "csv")),
    ):
        table.add_row(
            name,
            f"{meter.seconds:.1f}",
            f"{meter.size / 1e6:.0f}" if meter.size else "-",
            f"{meter.seconds / base:.2f}",
            f"{meter.extra_mb:.0f}" if meter.extra_mb else "-",
        )
    yield table


def _fill(database_url: str) -> int:
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as connection:
        values = {"lots": LOTS, "since": SINCE, "until": END}
        connection.execute(_LOTS, values)
        connection.execute(_STATES, values)
        for month in range(0, DAYS, 30):
            since = SINCE + timedelta(days=month)
            until = min(since + timedelta(days=30), END)
            connection.execute(_HISTORY, {"lots": LOTS, "since": since, "until": until})
        connection.execute("analyze parking.lot_history")
    return LOTS * DAYS * 96


def _timed(work: Callable[[], int]) -> Meter:
    begun = time.perf_counter()
    size = work()
    return Meter(time.perf_counter() - begun, size)


def _copy(url: str, form: str) -> int:
    statement = _COPY.format(since=SINCE.isoformat(), until=END.isoformat(), format=form)
    size = 0
    with psycopg.connect(url) as connection, connection.cursor().copy(statement) as copy:
        for piece in copy:
            size += len(piece)
    return size


async def _collect(url: str, dataset: Dataset) -> Meter:
    publication = Publication(
        "bench", "Bench", "de", "DE-Bench", "de", "http://127.0.0.1",
        policy=Policy(datasets={dataset.dataset_id: dataset}),
    )  # fmt: skip
    async with Database.open(url, schema="opendata") as database:
        collector = Collector(
            database, publication, set(), every_s=1, revise_days=4000, history_days=4000
        )
        begun = time.perf_counter()
        await collector.collect(asyncio.Event())
        seconds = time.perf_counter() - begun
        async with database.connection() as connection:
            size = await connection.fetchval("select sum(length(told)) from edition")
    return Meter(seconds, int(size))


def _serve(url: str, dataset: Dataset, ending: str) -> Meter:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    meter = asyncio.run(_stream(url, dataset, ending))
    meter.extra_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return meter


async def _stream(url: str, dataset: Dataset, ending: str) -> Meter:
    async with Database.open(url, schema="opendata") as database:
        begun = time.perf_counter()
        async with database.connection() as connection:
            days = await editions.days(
                connection, dataset.dataset_id, dataset.rules, first=SINCE.date(), last=END.date()
            )
        file = File(dataset, FORMATS[ending], Asked(SINCE, END, ZoneInfo("UTC")), None, days)
        size = 0
        async for piece in file.stream(database, zipped=False):
            size += len(piece)
        return Meter(time.perf_counter() - begun, size)
