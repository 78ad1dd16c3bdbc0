# SPDX-License-Identifier: EUPL-1.2
"""Makes of a view's rows what the policy allows to be told: fields, small counts, delay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from open_data_publisher.domain.columns import Column, ColumnType
from open_data_publisher.domain.policy import Dataset
from stadttakt_messages.states import PERSONAL_KINDS

ALWAYS = date(1970, 1, 1)
"""The day that stands for a register, which has none."""

TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.TIME: pa.timestamp("us", "UTC"),
    ColumnType.DATE: pa.date32(),
}


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """Return the columns as Arrow knows them, each with what it means."""
    return pa.schema([_field(column) for column in columns])


def _field(column: Column) -> pa.Field:
    about = {"description": column.en, "description_de": column.de}
    if column.unit is not None:
        about["unit"] = column.unit
    return pa.field(column.name, TYPES[column.type], metadata=about)


def tables_by_day(
    dataset: Dataset, rows: Sequence[Mapping[str, Any]], *, zone: ZoneInfo, now: datetime
) -> dict[date, pa.Table]:
    """Return the rows that are public by now, by day of the city; days without any are left out."""
    by_day: dict[date, dict[tuple[Any, ...], Mapping[str, Any]]] = {}
    key = dataset.source.key
    for row in rows:
        if public_from(dataset, row, zone) > now:
            continue
        told = protected(dataset, row)
        if told is not None:
            identity = tuple(row[name] for name in key)
            by_day.setdefault(day_of(dataset, row, zone), {}).setdefault(identity, told)
    schema = schema_of(dataset.columns)
    return {day: _table(schema, list(found.values())) for day, found in by_day.items()}


def _table(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    columns = [
        pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def day_of(dataset: Dataset, row: Mapping[str, Any], zone: ZoneInfo) -> date:
    """Return the day of the city that a row belongs to."""
    name = dataset.source.time
    if name is None:
        return ALWAYS
    value: date = row[name]
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def public_from(dataset: Dataset, row: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    """Return when a row may be told: it is complete, and the city's delay is over."""
    source = dataset.source
    if source.published_at is not None:
        published: datetime = row[source.published_at]
        return published + dataset.delay
    if source.time is None:
        return datetime.min.replace(tzinfo=zone)
    value = row[source.time]
    if isinstance(value, datetime):
        return value + dataset.width + dataset.delay
    return end_of(value, zone) + dataset.delay


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day of the city."""
    return datetime.combine(day, time(), zone)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment after a day of the city."""
    return begin_of(day + timedelta(days=1), zone)


def protected(dataset: Dataset, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a row without what it says of too few, or nothing where the whole of it does, or is of places of persons."""
    if row.get("kind") in PERSONAL_KINDS:
        return None
    rule = dataset.protection
    if rule is None:
        return row
    counts = [row[name] for name in dataset.source.counts]
    if all(count is not None and count >= rule.least for count in counts):
        return row
    withheld = dataset.source.sensitive
    if not withheld:
        return None
    return {**row, **dict.fromkeys(withheld)}
