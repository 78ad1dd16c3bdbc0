# SPDX-License-Identifier: EUPL-1.2
"""JSON: what the dataset and its columns are, and rows as objects; GeoJSON: rows as features."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa

from open_data_publisher.datasets.formats.csv_file import with_times_as_text
from open_data_publisher.datasets.formats.parts import about
from open_data_publisher.domain.policy import Dataset


class _Listed:
    """An object whose last member is a list that grows."""

    def __init__(self, opening: dict[str, Any], member: str) -> None:
        self._opening = opening
        self._member = member
        self._any = False

    def head(self) -> bytes:
        """Return everything before the list."""
        begun = orjson.dumps(self._opening)[:-1]
        return begun + b',"' + self._member.encode() + b'":['

    def part(self, table: pa.Table) -> bytes:
        """Return the items of a table."""
        items = self._items(table)
        if not items:
            return b""
        text = orjson.dumps(items)[1:-1]
        begun, self._any = self._any, True
        return b",\n" + text if begun else text

    def tail(self) -> bytes:
        """Return the end of list and object."""
        return b"]}\n"

    def _items(self, table: pa.Table) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = with_times_as_text(table).to_pylist()
        return rows


class JsonFile(_Listed):
    """Rows as objects."""

    def __init__(self, dataset: Dataset) -> None:
        columns = [
            {
                "name": column.name,
                "type": column.type.value,
                "unit": column.unit,
                "description": {"de": column.de, "en": column.en},
            }
            for column in dataset.columns
        ]
        super().__init__({**about(dataset), "columns": columns}, "items")


class GeoJsonFile(_Listed):
    """Rows as features at their place (RFC 7946), null where it is not known."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__({"type": "FeatureCollection", **about(dataset)}, "features")
        self._position = dataset.source.position or ("lat", "lon")

    def _items(self, table: pa.Table) -> list[dict[str, Any]]:
        return [self._feature(row) for row in super()._items(table)]

    def _feature(self, row: dict[str, Any]) -> dict[str, Any]:
        lat, lon = (row.pop(name) for name in self._position)
        here = None if lat is None or lon is None else {"type": "Point", "coordinates": [lon, lat]}
        return {"type": "Feature", "geometry": here, "properties": row}
