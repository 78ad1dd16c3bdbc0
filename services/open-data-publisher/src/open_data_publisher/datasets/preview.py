# SPDX-License-Identifier: EUPL-1.2
"""The newest rows of a dataset, for its page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from open_data_publisher.datasets.chart import Drawing, draw
from open_data_publisher.datasets.files import public_rows
from open_data_publisher.datasets.then import days_then, newest_days, summary_of, summed
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


NOTHING = Preview(None, (), None, simulated=False)


class Previews:
    """Previews of now as they were made last; each is made anew when a day that it shows changed."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, Preview]] = {}

    async def now(self, database: Database, dataset: Dataset, zone: ZoneInfo) -> Preview:
        """Return the newest rows and a drawing of the newest days."""
        async with database.connection() as connection:
            summary = await summary_of(connection, dataset, None, zone)
            if summary is None:
                return NOTHING
            first = None if _has_few_rows(dataset) else _before(summary.last)
            days = await editions.days(
                connection, dataset.dataset_id, dataset.rules, first=first, last=None
            )
            shown_days = newest_days(days, MOST_DAYS)
            made_of = (dataset, summary, [day.content for day in days if day.day in shown_days])
            made = self._made.get(dataset.dataset_id)
            if made is not None and made[0] == made_of:
                return made[1]
            kept = await editions.told_of(connection, dataset.dataset_id, dataset.rules, shown_days)
        tables = [(content, None) for content in kept]
        found = await asyncio.to_thread(_made, dataset, summary, tables, None, zone)
        self._made[dataset.dataset_id] = (made_of, found)
        return found


async def preview_at(database: Database, dataset: Dataset, at: datetime, zone: ZoneInfo) -> Preview:
    """Return what the newest rows were at a moment of the past."""
    async with database.connection() as connection:
        days = await days_then(connection, dataset, at, zone)
        summary = summed(days)
        if summary is None:
            return NOTHING
        first = None if _has_few_rows(dataset) else _before(summary.last)
        kept = [
            await editions.rows_of(connection, dataset.dataset_id, dataset.rules, day)
            for day in newest_days(days, MOST_DAYS)
            if first is None or day >= first
        ]
    tables = [each for each in kept if each is not None]
    return await asyncio.to_thread(_made, dataset, summary, tables, at, zone)


def _has_few_rows(dataset: Dataset) -> bool:
    return dataset.source.small or dataset.source.is_by_day


def _before(day: date) -> date:
    return day - timedelta(days=1)


def _made(
    dataset: Dataset,
    summary: Summary,
    contents: Sequence[tuple[bytes, bytes | None]],
    at: datetime | None,
    zone: ZoneInfo,
) -> Preview:
    tables = [public_rows(dataset, told, former, at) for told, former in contents]
    rows = pa.concat_tables(tables).to_pylist() if tables else []
    simulated = any(row.get("simulated") for row in rows)
    return Preview(summary, rows[-ROWS:][::-1], draw(dataset, rows, zone.key), simulated)
