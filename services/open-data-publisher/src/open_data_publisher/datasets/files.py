# SPDX-License-Identifier: EUPL-1.2
"""A dataset as a file: which days go in, what identifies it, and its bytes one day at a time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b

import pyarrow as pa
import pyarrow.compute as pc

from open_data_publisher.datasets.edition import Kept, from_bytes
from open_data_publisher.datasets.formats.catalogue import FileFormat
from open_data_publisher.datasets.formats.parts import Format
from open_data_publisher.datasets.rows import TYPES, schema_of
from open_data_publisher.domain.asked import Asked
from open_data_publisher.domain.columns import ColumnType
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.storage import editions
from open_data_publisher.storage.editions import Day
from stadttakt_runtime.database import Database

GZIP = 16 + zlib.MAX_WBITS


class DayGoneError(Exception):
    """A day was made anew by another policy while its file was on the way: the answer breaks off.

    A file that lacks a day and looks whole would be worse; who asks again gets the new one.
    """

    def __init__(self, dataset_id: str, day: date) -> None:
        super().__init__(f"{dataset_id}: {day} is kept under other rules by now")


@dataclass(frozen=True, slots=True)
class File:
    """One answer: a period of a dataset in a format, perhaps as it was at a moment."""

    dataset: Dataset
    format: FileFormat
    asked: Asked
    at: datetime | None
    days: Sequence[Day]

    def etag(self, *, zipped: bool) -> str:
        """Return what identifies the bytes, without making them."""
        said = (
            self.dataset.dataset_id,
            self.dataset.rules,
            self.dataset.title,
            self.dataset.terms,
            self.format.ending,
            self.asked.begin,
            self.asked.end,
            self.at,
            [(day.day, day.content) for day in self.days],
            zipped,
        )
        return f'"{blake2b(repr(said).encode(), digest_size=12).hexdigest()}"'

    async def stream(self, database: Database, *, zipped: bool) -> AsyncIterator[bytes]:
        """Yield the bytes; never more than one day is in memory."""
        making = await asyncio.to_thread(self.format.make, self.dataset)
        packing = zlib.compressobj(5, zlib.DEFLATED, GZIP) if zipped else None
        yield _packed(packing, making.head())
        for day in self.days:
            if not day.row_count and self.at is None:
                continue
            piece = await self._part(database, making, day)
            if piece:
                yield await asyncio.to_thread(_packed, packing, piece)
        yield _packed(packing, making.tail())
        if packing is not None:
            yield packing.flush()

    async def _part(self, database: Database, making: Format, day: Day) -> bytes:
        async with database.connection() as connection:
            found = await editions.rows_of(
                connection, self.dataset.dataset_id, self.dataset.rules, day.day
            )
        if found is None:
            raise DayGoneError(self.dataset.dataset_id, day.day)
        return await asyncio.to_thread(self._made, making, day.day, *found)

    def _made(self, making: Format, day: date, told: bytes, former: bytes | None) -> bytes:
        table = public_rows(self.dataset, told, former, self.at)
        is_whole = self.asked.has_whole(day)
        return making.part(table if is_whole else within(self.dataset, table, self.asked))


def _packed(packing: zlib._Compress | None, piece: bytes) -> bytes:
    return piece if packing is None else packing.compress(piece)


def public_rows(
    dataset: Dataset, told: bytes, former: bytes | None, at: datetime | None
) -> pa.Table:
    """Return a day's rows that are public, or were at a moment, with the columns allowed today."""
    kept = Kept(
        from_bytes(told),
        from_bytes(former) if former is not None and at is not None else None,
    )
    return kept.public(at).select(schema_of(dataset.columns).names)


def within(dataset: Dataset, table: pa.Table, asked: Asked) -> pa.Table:
    """Return the rows of a period; whole days need no look at each row."""
    name = dataset.source.time
    if name is None or dataset.source.by_name[name].type is not ColumnType.TIME:
        return table
    time_type = TYPES[ColumnType.TIME]
    if asked.begin is not None:
        table = table.filter(pc.greater_equal(table[name], pa.scalar(asked.begin, time_type)))
    if asked.end is not None:
        table = table.filter(pc.less(table[name], pa.scalar(asked.end, time_type)))
    return table
