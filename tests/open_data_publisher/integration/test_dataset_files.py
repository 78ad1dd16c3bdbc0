# SPDX-License-Identifier: EUPL-1.2
"""A file of many days, of which only one is in memory at a time."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from open_data_publisher.datasets.edition import digest, first_kept, to_bytes
from open_data_publisher.datasets.files import DayGoneError, File
from open_data_publisher.datasets.formats.catalogue import FORMATS
from open_data_publisher.datasets.rows import schema_of
from open_data_publisher.domain.asked import Asked
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.storage import editions
from open_data_publisher.storage.editions import Edition
from stadttakt_runtime.database import Database
from support.open_data import lots_dataset

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
DAYS, ROWS = 40, 20_000
ZONE = ZoneInfo("UTC")


def a_day(dataset: Dataset, day: date) -> Edition:
    start = datetime.combine(day, datetime.min.time(), UTC)
    columns = {
        "lot_id": [f"lot-{number:05}" for number in range(ROWS)],
        "start": [start] * ROWS,
        "free_mean": [float(number % 997) for number in range(ROWS)],
        "simulated": [False] * ROWS,
    }
    kept = first_kept(pa.table(columns, schema_of(dataset.columns)), NOON)
    content = to_bytes(kept.told)
    return Edition(
        day, dataset.rules, digest(content, None), ROWS, NOON, NOON, told=content, former=None
    )


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
async def test_a_file_of_many_days_never_holds_more_than_one(
    database_url: str, ending: str
) -> None:
    dataset = lots_dataset()
    url = database_url.replace("postgresql+psycopg", "postgresql")
    async with Database.open(url, schema="opendata") as database:
        first = date(2026, 1, 1)
        for number in range(DAYS):
            edition = a_day(dataset, first + timedelta(days=number))
            async with database.transaction() as connection:
                await editions.keep(connection, dataset.dataset_id, [edition])
        async with database.connection() as connection:
            days = await editions.days(
                connection, dataset.dataset_id, dataset.rules, first=None, last=None
            )
        file = File(dataset, FORMATS[ending], Asked(None, None, ZONE), None, days)
        before, most = pa.total_allocated_bytes(), 0
        sizes: list[int] = []
        whole = io.BytesIO()
        async for piece in file.stream(database, zipped=False):
            most = max(most, pa.total_allocated_bytes() - before)
            sizes.append(len(piece))
            if ending == "parquet":
                whole.write(piece)
        one_day = ROWS * (9 + 4 + 8 + 8 + 1)
        assert most < 4 * one_day, "more than a day is held"
    if ending == "parquet":
        found = pq.ParquetFile(whole)
        assert (found.num_row_groups, found.metadata.num_rows) == (DAYS, DAYS * ROWS)
    else:
        assert sum(sizes) > DAYS * ROWS * 30


async def test_a_file_breaks_off_where_a_day_was_made_anew_by_another_policy(
    database_url: str,
) -> None:
    dataset, day = lots_dataset(), date(2026, 1, 1)
    url = database_url.replace("postgresql+psycopg", "postgresql")
    async with Database.open(url, schema="opendata") as database:
        edition = a_day(dataset, day)
        async with database.transaction() as connection:
            await editions.keep(connection, dataset.dataset_id, [edition])
            days = await editions.days(
                connection, dataset.dataset_id, dataset.rules, first=None, last=None
            )
            stricter = replace(edition, rules="of another policy")
            await editions.keep(connection, dataset.dataset_id, [stricter])
        file = File(dataset, FORMATS["csv"], Asked(None, None, ZONE), None, days)
        with pytest.raises(DayGoneError, match="2026-01-01"):
            async for _ in file.stream(database, zipped=False):
                pass
