"""The newest rows of a dataset, for its page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from open_data_publisher.datasets.chart import Drawing, draw
from open_data_publisher.datasets.files import public_rows
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.storage import editions
from open_data_publisher.storage.editions import Summary
from stadttakt_runtime.database import Database

ROWS = 10
MOST_DAYS = 60
"""How many editions a page looks at, of sources with a row a day."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a page shows of the data itself."""

    summary: Summary | None
    rows: Sequence[Mapping[str, Any]]
    drawing: Drawing | None
    simulated: bool


async def preview(database: Database, dataset: Dataset) -> Preview:
    """Return the newest rows and a drawing of the newest days."""
    async with database.connection() as connection:
        summary = await editions.summary(connection, dataset.dataset_id, dataset.rules)
        if summary is None:
            return Preview(None, (), None, simulated=False)
        first = None if _has_few_rows(dataset) else _before(summary.last)
        days = await editions.days(
            connection, dataset.dataset_id, dataset.rules, first=first, last=None
        )
        kept = [
            await editions.rows_of(connection, dataset.dataset_id, dataset.rules, day.day)
            for day in [day for day in days if day.row_count][-MOST_DAYS:]
        ]
    return await asyncio.to_thread(_made, dataset, summary, [each[0] for each in kept if each])


def _has_few_rows(dataset: Dataset) -> bool:
    return dataset.source.small or dataset.source.is_by_day


def _before(day: date) -> date:
    return day - timedelta(days=1)


def _made(dataset: Dataset, summary: Summary, contents: Sequence[bytes]) -> Preview:
    tables = [public_rows(dataset, content, None, None) for content in contents]
    table = pa.concat_tables(tables)
    rows = table.to_pylist()
    simulated = any(row.get("simulated") for row in rows)
    return Preview(summary, rows[-ROWS:][::-1], draw(dataset, rows), simulated)
