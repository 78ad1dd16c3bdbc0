# SPDX-License-Identifier: EUPL-1.2
"""CSV in UTF-8, quoted as RFC 4180 has it, comma, LF, one header line; times are RFC 3339.

Citizens write some of the texts: what a spreadsheet would run begins with an apostrophe, as in the registry's export.
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from open_data_publisher.domain.policy import Dataset

_RUNS = r"^[=+\-@\t\r]"
"""What a spreadsheet runs, by how it begins."""
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="needed")


class CsvFile:
    """Rows as lines."""

    def __init__(self, dataset: Dataset) -> None:
        self._names = [column.name for column in dataset.columns]

    def head(self) -> bytes:
        """Return the header line."""
        return ",".join(self._names).encode() + b"\n"

    def part(self, table: pa.Table) -> bytes:
        """Return the lines of a table."""
        sink = io.BytesIO()
        csv.write_csv(with_times_as_text(_guarded(table)), sink, _OPTIONS)
        return sink.getvalue()

    def tail(self) -> bytes:
        """Return nothing: lines need no end."""
        return b""


def _guarded(table: pa.Table) -> pa.Table:
    """Return a table of whose texts a spreadsheet runs none."""
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            text = table[field.name]
            runs = pc.match_substring_regex(text, _RUNS)
            safe = pc.if_else(runs, pc.binary_join_element_wise("'", text, ""), text)
            table = table.set_column(index, field, safe)
    return table


def with_times_as_text(table: pa.Table) -> pa.Table:
    """Return a table whose times are RFC 3339 in UTC, to the second."""
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = table[field.name].cast(pa.timestamp("s", "UTC"), safe=False)
            written = pc.strftime(seconds, format="%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(index, field.name, written)
    return table
