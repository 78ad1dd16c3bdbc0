# SPDX-License-Identifier: EUPL-1.2
"""Parquet with one row group for each table; columns say what they mean in the file's own metadata."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from open_data_publisher.datasets.formats.parts import about
from open_data_publisher.datasets.rows import schema_of
from open_data_publisher.domain.policy import Dataset


class _Sink:
    """Where the writer writes to; holds only what nobody took yet."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Take a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Do nothing: pieces are there already."""

    def close(self) -> None:
        """Do nothing: what is left is still to be taken."""

    def take(self) -> bytes:
        """Return what was written since."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class ParquetFile:
    """One file."""

    def __init__(self, dataset: Dataset) -> None:
        self._schema = schema_of(dataset.columns).with_metadata(about(dataset))
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd"
        )

    def head(self) -> bytes:
        """Return the file's first bytes."""
        return self._sink.take()

    def part(self, table: pa.Table) -> bytes:
        """Return a row group."""
        if table.num_rows:
            self._writer.write_table(table.cast(self._schema))
        return self._sink.take()

    def tail(self) -> bytes:
        """Return the footer, in which all row groups are listed."""
        self._writer.close()
        return self._sink.take()
