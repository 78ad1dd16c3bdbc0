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


def is_community() -> bool:
    """Tell whether the server runs the community edition, which alone has the columnstore."""
    return bool(
        op.get_bind().scalar(text("select current_setting('timescaledb.license', true)"))
        == "timescale"
    )


def enable_columnstore(table: str, *, segment_by: str, order_by: str, after: timedelta) -> None:
    """Compress chunks older than `after`; does nothing on the Apache edition.

    TimescaleDB 2.18 and later.
    """
    if not is_community():
        return
    op.execute(
        f"alter table {table} set (timescaledb.enable_columnstore,"
        f" timescaledb.segmentby = '{segment_by}', timescaledb.orderby = '{order_by}')"
    )
    op.get_bind().execute(
        text("call add_columnstore_policy(cast(:table as regclass), after => :after)"),
        {"table": table, "after": after},
    )
