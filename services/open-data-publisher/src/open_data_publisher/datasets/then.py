# SPDX-License-Identifier: EUPL-1.2
"""What there was of a dataset, now or at a moment of the past."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from open_data_publisher.datasets.edition import REPLACED, TIME, TOLD, Kept, from_bytes
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.storage import editions
from open_data_publisher.storage.editions import Day, Summary


async def summary_of(
    connection: Any, dataset: Dataset, at: datetime | None, zone: ZoneInfo
) -> Summary | None:
    """Return what there is of a dataset, or was at a moment; nothing where no row was public."""
    return (await summaries_of(connection, (dataset,), at, zone)).get(dataset.dataset_id)


async def summaries_of(
    connection: Any, datasets: Sequence[Dataset], at: datetime | None, zone: ZoneInfo
) -> dict[str, Summary]:
    """Return what there is of datasets, or was at a moment; those without a public row are left out."""
    if at is None:
        rules = {dataset.dataset_id: dataset.rules for dataset in datasets}
        return await editions.summaries(connection, rules)
    found = {
        dataset.dataset_id: summed(await days_then(connection, dataset, at, zone))
        for dataset in datasets
    }
    return {name: summary for name, summary in found.items() if summary is not None}


def summed(days: Iterable[Day]) -> Summary | None:
    """Return what these days are together."""
    told = [day for day in days if day.row_count]
    if not told:
        return None
    count, changed_at = sum(day.row_count for day in told), max(day.changed_at for day in told)
    return Summary(told[0].day, told[-1].day, count, changed_at)


async def days_then(
    connection: Any, dataset: Dataset, at: datetime, zone: ZoneInfo
) -> Sequence[Day]:
    """Return the days that rows were public of, with how many and when the last of them changed."""
    # A row of a later day was not public, unless its source tells ahead.
    ahead = dataset.source.time is None or dataset.source.published_at is not None
    last = None if ahead else at.astimezone(zone).date()
    days = await editions.days(connection, dataset.dataset_id, dataset.rules, first=None, last=last)
    return [
        # What has not changed since was as it is.
        day if day.changed_at <= at else await _then(connection, dataset, day, at)
        for day in days
    ]


async def _then(connection: Any, dataset: Dataset, day: Day, at: datetime) -> Day:
    found = await editions.rows_of(connection, dataset.dataset_id, dataset.rules, day.day)
    if found is None:
        return day._replace(row_count=0)
    return await asyncio.to_thread(_counted, day, *found, at)


def _counted(day: Day, told: bytes, former: bytes | None, at: datetime) -> Day:
    kept = Kept(from_bytes(told), None if former is None else from_bytes(former))
    count = kept.public(at).num_rows
    changes = [kept.told[TOLD]]
    if kept.former is not None:
        changes += [kept.former[TOLD], kept.former[REPLACED]]
    seen = [moment for each in changes if (moment := _newest(each, at)) is not None]
    return day._replace(row_count=count, changed_at=max(seen, default=day.changed_at))


def _newest(times: pa.ChunkedArray, at: datetime) -> datetime | None:
    newest: datetime | None = pc.max(
        times.filter(pc.less_equal(times, pa.scalar(at, TIME)))
    ).as_py()
    return newest


def newest_days(days: Sequence[Day], most: int) -> list[date]:
    """Return the newest days that have rows, in order."""
    return [day.day for day in days if day.row_count][-most:]
