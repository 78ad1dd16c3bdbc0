# SPDX-License-Identifier: EUPL-1.2
"""A year of a dataset served by a process of its own, so that its memory is that of serving alone."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.cpu import most_memory_mb
from open_data_publisher.datasets.files import File
from open_data_publisher.datasets.formats.catalogue import FORMATS
from open_data_publisher.datasets.rows import schema_of
from open_data_publisher.domain.asked import Asked
from open_data_publisher.domain.known_sources import LOT_HISTORY
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.storage import editions
from stadttakt_runtime.database import Database
from support.open_data import lots_dataset

LOTS = int(os.environ.get("DATASET_LOTS", "500"))
DAYS = int(os.environ.get("DATASET_DAYS", "365"))
END = datetime(2026, 11, 1, tzinfo=UTC)
SINCE = END - timedelta(days=DAYS)
BARE = "bare"
_STARTS = 96


@dataclass(frozen=True)
class Served:
    """What it took: seconds on the clock and of the processor, bytes, and the most memory that the process had."""

    seconds: float
    cpu_s: float
    size: int
    memory_mb: float


def day_of(dataset: Dataset, number: int) -> pa.Table:
    """Return the rows of one day, values as real ones vary: a day's wave, two digits behind the point, unlike from lot to lot."""
    begin = SINCE + timedelta(days=number)
    lots, quarter = np.tile(np.arange(LOTS), _STARTS), np.repeat(np.arange(_STARTS), LOTS)
    noise = np.random.default_rng(number).integers(0, 500, lots.size) / 100
    free = np.round(50 + 40 * np.sin((number * _STARTS + quarter) / 15.3 + lots) + noise, 2)
    starts = np.datetime64(begin.replace(tzinfo=None), "us") + quarter * np.timedelta64(15, "m")
    columns = {
        **_names(),
        "lat": 51.4 + lots * 1e-4,
        "lon": np.full(lots.size, 11.9),
        "start": starts,
        "free_mean": free,
        "free_min": np.floor(free).astype("int64"),
        "free_max": np.ceil(free).astype("int64"),
        "occupied_mean": np.round(100 - free, 2),
        "unknown_mean": np.zeros(lots.size),
        "completeness": np.ones(lots.size),
        "simulated": np.zeros(lots.size, dtype=bool),
    }
    schema = schema_of(dataset.columns)
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)


@cache
def _names() -> dict[str, pa.Array]:
    """Return the columns of text, which are the same every day and take longest to make."""
    return {
        "lot_id": pa.array([f"lot-{lot}" for lot in range(LOTS)] * _STARTS),
        "name": pa.array([f"Parkplatz {lot}" for lot in range(LOTS)] * _STARTS),
    }


def served(url: str, ending: str) -> Served:
    """Serve, or write `bare` what would be served, and return what it took; for a process of its own."""
    dataset = lots_dataset(fields=tuple(LOT_HISTORY.by_name))
    begun, used_s = time.perf_counter(), time.process_time()
    size = _bare(dataset) if ending == BARE else asyncio.run(_serve(url, dataset, ending))
    return Served(
        seconds=time.perf_counter() - begun,
        cpu_s=time.process_time() - used_s,
        size=size,
        memory_mb=most_memory_mb(),
    )


def _bare(dataset: Dataset) -> int:
    """Write one day as often as there are days, as the library does it without anything around."""
    rows = day_of(dataset, 0)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, rows.schema, compression="zstd") as writer:
        for _ in range(DAYS):
            writer.write_table(rows)
    return int(sink.tell())


async def _serve(url: str, dataset: Dataset, ending: str) -> int:
    async with Database.open(url, schema="opendata") as database:
        async with database.connection() as connection:
            days = await editions.days(
                connection, dataset.dataset_id, dataset.rules, first=SINCE.date(), last=END.date()
            )
        file = File(dataset, FORMATS[ending], Asked(SINCE, END, ZoneInfo("UTC")), None, days)
        size = 0
        async for piece in file.stream(database, zipped=False):
            size += len(piece)
        return size
