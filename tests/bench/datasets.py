# SPDX-License-Identifier: EUPL-1.2
"""15-minute values of many lots: some weeks collected into editions beside a bare COPY, a year of editions served.

`DATASET_LOTS`, `DATASET_COLLECTED_DAYS` and `DATASET_DAYS` change the amount.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
from rich.table import Table

from bench import dataset_serving as serving
from bench.alone import alone
from bench.dataset_serving import DAYS, END, LOTS, SINCE
from bench.services import new_database
from open_data_publisher.datasets.collector import Collector
from open_data_publisher.datasets.edition import digest, first_kept, to_bytes
from open_data_publisher.domain.known_sources import LOT_HISTORY
from open_data_publisher.domain.policy import Dataset, Policy
from open_data_publisher.domain.publication import Publication
from open_data_publisher.storage import editions
from stadttakt_runtime.database import Database
from support.open_data import lots_dataset
from support.stack import Stack

COLLECTED_DAYS = int(os.environ.get("DATASET_COLLECTED_DAYS", "7"))
COLLECTED_SINCE = END - timedelta(days=COLLECTED_DAYS)
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
       order by start, lot_id) to stdout (format csv)
"""


def measure(stack: Stack, city: Path) -> Iterator[Table]:
    """Yield what collecting and serving take, each beside bare work on the same rows in this run."""
    database_url = new_database(stack, "datasets", city)
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    dataset = lots_dataset(fields=tuple(LOT_HISTORY.by_name))
    yield _collecting(database_url, plain, dataset)
    yield _serving(plain, dataset)


def _collecting(database_url: str, plain: str, dataset: Dataset) -> Table:
    rows = _fill(database_url)
    copy_s, size = _timed(lambda: _copy(plain))
    collected_s, kept = _timed(lambda: asyncio.run(_collect(plain, dataset)))
    table = Table(
        "what",
        "seconds",
        "MB",
        "of COPY",
        title=f"Collecting {LOTS} lots × {COLLECTED_DAYS} days, {rows:,} rows",
    )
    table.add_row("bare COPY of the view, CSV", f"{copy_s:.1f}", f"{size / 1e6:.0f}", "1.00")
    table.add_row(
        "collected into editions, once",
        f"{collected_s:.1f}",
        f"{kept / 1e6:.0f}",
        f"{collected_s / copy_s:.2f}",
    )
    return table


def _serving(plain: str, dataset: Dataset) -> Table:
    """Return what a year costs a process that does nothing else, beside the library's bare writer."""
    asyncio.run(_make_a_year(plain, dataset))
    table = Table(
        "what", "seconds", "CPU, s", "MB", "of bare", "memory, MB",
        title=f"Serving {LOTS} lots × {DAYS} days, {LOTS * DAYS * 96:,} rows, in a process of its own",
    )  # fmt: skip
    bare = alone(serving.served, plain, serving.BARE)
    for name, found in (
        ("bare Parquet writer, rows at hand", bare),
        ("served as parquet", alone(serving.served, plain, "parquet")),
        ("served as csv", alone(serving.served, plain, "csv")),
    ):
        table.add_row(
            name,
            f"{found.seconds:.1f}",
            f"{found.cpu_s:.1f}",
            f"{found.size / 1e6:.0f}",
            f"{found.seconds / bare.seconds:.2f}",
            f"{found.memory_mb:.0f}",
        )
    return table


async def _make_a_year(url: str, dataset: Dataset) -> None:
    """Keep editions of a year as the collector would, without the rows in parking's tables."""
    async with Database.open(url, schema="opendata") as database:
        for number in range(DAYS):
            day = (SINCE + timedelta(days=number)).date()
            kept = first_kept(serving.day_of(dataset, number), END)
            told = to_bytes(kept.told)
            edition = editions.Edition(
                day, dataset.rules, digest(told, None), kept.told.num_rows, END, END, told, None
            )
            await database.persist(lambda c, e=edition: editions.keep(c, dataset.dataset_id, [e]))  # type: ignore[misc]


def _fill(database_url: str) -> int:
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as connection:
        values = {"lots": LOTS, "since": COLLECTED_SINCE, "until": END}
        connection.execute(_LOTS, values)
        connection.execute(_STATES, values)
        for month in range(0, COLLECTED_DAYS, 30):
            since = COLLECTED_SINCE + timedelta(days=month)
            until = min(since + timedelta(days=30), END)
            connection.execute(_HISTORY, {"lots": LOTS, "since": since, "until": until})
        connection.execute("analyze parking.lot_history")
    return LOTS * COLLECTED_DAYS * 96


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    begun = time.perf_counter()
    size = work()
    return time.perf_counter() - begun, size


def _copy(url: str) -> int:
    statement = _COPY.format(since=COLLECTED_SINCE.isoformat(), until=END.isoformat())
    size = 0
    with psycopg.connect(url) as connection, connection.cursor().copy(statement) as copy:
        for piece in copy:
            size += len(piece)
    return size


async def _collect(url: str, dataset: Dataset) -> int:
    publication = Publication(
        "bench", "Bench", "de", "DE-Bench", "de", "http://127.0.0.1",
        policy=Policy(datasets={dataset.dataset_id: dataset}),
    )  # fmt: skip
    async with Database.open(url, schema="opendata") as database:
        collector = Collector(
            database, publication, set(), every_s=1, revise_days=4000, history_days=4000
        )
        await collector.collect(asyncio.Event())
        async with database.connection() as connection:
            return int(await connection.fetchval("select sum(length(told)) from edition"))
