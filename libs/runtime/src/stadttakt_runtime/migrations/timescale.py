# SPDX-License-Identifier: EUPL-1.2
"""The few TimescaleDB statements that revisions need, the same on both editions."""

from __future__ import annotations

from datetime import timedelta

from alembic import op
from sqlalchemy import text


def create_hypertable(table: str, column: str, *, chunk: timedelta) -> None:
    """Partition a table of the present schema by a time column.

    No index comes with it: indexes stand in `tables.py`, each with its query.
    """
    op.get_bind().execute(
        text(
            "select create_hypertable(cast(:table as regclass), by_range(:column, :chunk),"
            " create_default_indexes => false)"
        ),
        {"table": table, "column": column, "chunk": chunk},
    )
