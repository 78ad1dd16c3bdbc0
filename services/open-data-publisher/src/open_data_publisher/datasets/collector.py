# SPDX-License-Identifier: EUPL-1.2
"""Follows the views of the other services: what is public of a day becomes its edition."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from open_data_publisher import metrics
from open_data_publisher.datasets import edition as kept_days
from open_data_publisher.datasets.due import due_days
from open_data_publisher.datasets.edition import Kept, digest, from_bytes, to_bytes
from open_data_publisher.datasets.rows import ALWAYS, begin_of, end_of, schema_of, tables_by_day
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.domain.publication import Publication
from open_data_publisher.storage import editions, views
from open_data_publisher.storage.editions import Edition
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

BEGINNING = date(1990, 1, 1)
"""Before anything that a small source can speak of."""


class Collector:
    """The only writer of editions."""

    def __init__(
        self,
        database: Database,
        publication: Publication,
        present: set[str],
        *,
        every_s: float,
        revise_days: int,
        history_days: int,
    ) -> None:
        self._database = database
        self._datasets = tuple(publication.policy.datasets.values())
        self._zone = ZoneInfo(publication.timezone)
        self._present = present
        self._every_s = every_s
        self._revise = timedelta(days=revise_days)
        self._history = timedelta(days=history_days)
        self._first: dict[str, date] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Collect until `stop`."""
        while not stop.is_set():
            await self.collect(stop)
            await pause(stop, self._every_s)

    async def collect(self, stop: asyncio.Event) -> None:
        """Bring all datasets up to their sources once; one whose view is not there is not there either."""
        # All of them first: a year of days of one must not hide the others.
        for dataset in self._datasets:
            source = dataset.source
            if await self._database.persist(lambda c, of=source: views.is_there(c, of)):  # type: ignore[misc]
                self._present.add(dataset.dataset_id)
            else:
                self._present.discard(dataset.dataset_id)
        for dataset in self._datasets:
            if dataset.dataset_id in self._present:
                await self._follow(dataset, stop)

    async def _follow(self, dataset: Dataset, stop: asyncio.Event) -> None:
        """Bring one dataset up to its source."""
        if dataset.source.small:
            await self._refresh_all(dataset)
            return
        for day in await self._due(dataset):
            if stop.is_set():
                return
            await self._refresh_day(dataset, day)

    async def _due(self, dataset: Dataset) -> Sequence[date]:
        first = await self._first_day(dataset)
        if first is None:
            return ()
        checked = await self._database.persist(lambda c: editions.checked(c, dataset.dataset_id))
        return due_days(
            dataset,
            checked,
            first=first,
            now=utc_now(),
            zone=self._zone,
            every=timedelta(seconds=self._every_s),
            revise=self._revise,
        )

    async def _first_day(self, dataset: Dataset) -> date | None:
        if dataset.dataset_id not in self._first:
            source, width_s = dataset.source, int(dataset.width.total_seconds())
            begun = await self._database.persist(lambda c: views.first_time(c, source, width_s))
            if begun is None:
                return None
            self._first[dataset.dataset_id] = begun.astimezone(self._zone).date()
        return self._first[dataset.dataset_id]

    async def _refresh_day(self, dataset: Dataset, day: date) -> None:
        begin, end = begin_of(day, self._zone), end_of(day, self._zone)
        rows = await self._read(dataset, begin, end)
        await self._keep(dataset, rows, [day])

    async def _refresh_all(self, dataset: Dataset) -> None:
        now = utc_now()
        rows = await self._read(dataset, begin_of(BEGINNING, self._zone), now + timedelta(days=1))
        known = await self._database.persist(lambda c: editions.checked(c, dataset.dataset_id))
        always = () if dataset.source.time is not None else (ALWAYS,)
        await self._keep(dataset, rows, {*known, *always})

    async def _read(self, dataset: Dataset, begin: datetime, end: datetime) -> list[Any]:
        return await self._database.persist(
            lambda c: views.rows(
                c,
                dataset.source,
                begin=begin,
                end=end,
                width_s=int(dataset.width.total_seconds()),
                timezone=self._zone.key,
            )
        )

    async def _keep(self, dataset: Dataset, rows: Sequence[Any], days: Iterable[date]) -> None:
        """Compare what is public now with what is kept, and store the days that differ."""
        now, begun = utc_now(), perf_counter()
        tables = await asyncio.to_thread(tables_by_day, dataset, rows, zone=self._zone, now=now)
        of = sorted({*tables, *days})
        known = await self._database.persist(lambda c: editions.known(c, dataset.dataset_id, of))
        changed = await asyncio.to_thread(self._changed, dataset, of, tables, known, now)
        unchanged = sorted(set(of) - {each.day for each in changed})

        async def work(connection: Any) -> None:
            await editions.keep(connection, dataset.dataset_id, changed)
            await editions.note_checked(connection, dataset.dataset_id, unchanged, now)

        await self._database.persist(work)
        metrics.DATASET_SECONDS.labels(dataset.dataset_id).observe(perf_counter() - begun)
        if changed:
            metrics.DATASET_CHANGED_AT.labels(dataset.dataset_id).set(now.timestamp())

    def _changed(
        self,
        dataset: Dataset,
        of: Sequence[date],
        tables: Mapping[date, pa.Table],
        known: Mapping[date, Edition],
        now: datetime,
    ) -> list[Edition]:
        nothing = schema_of(dataset.columns).empty_table()
        found = []
        for day in of:
            kept = changed_day(dataset, tables.get(day, nothing), known.get(day), now)
            if kept is not None:
                kept = kept_days.forgotten(kept, now - self._history)
                found.append(_edition(dataset, day, kept, now))
        return found


def changed_day(
    dataset: Dataset, rows: pa.Table, before: Edition | None, now: datetime
) -> Kept | None:
    """Return a day as it is to be kept, nothing where it is kept so already."""
    key = dataset.source.key
    if before is None:
        return kept_days.first_kept(rows, now)
    told = from_bytes(before.told)
    former = None if before.former is None else from_bytes(before.former)
    if before.rules != dataset.rules:
        return kept_days.under_other_rules(Kept(told, None), rows, key, now)
    erases = not dataset.source.keeps_former
    if told.drop_columns([kept_days.TOLD]).equals(rows) and not (erases and before.former):
        return None
    kept = kept_days.renewed(Kept(told, former), rows, key, now)
    return Kept(kept.told, None) if erases else kept


def _edition(dataset: Dataset, day: date, kept: Kept, now: datetime) -> Edition:
    told = to_bytes(kept.told)
    former = None if kept.former is None else to_bytes(kept.former)
    return Edition(
        day=day,
        rules=dataset.rules,
        content=digest(told, former),
        row_count=kept.told.num_rows,
        changed_at=now,
        checked_at=now,
        told=told,
        former=former,
    )
