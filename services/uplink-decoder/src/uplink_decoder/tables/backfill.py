# SPDX-License-Identifier: EUPL-1.2
"""Fetches from the storage of The Things Stack, and how far each source's messages are here."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from uplink_decoder.tables.columns import metadata, text_column, time_column

UNFINISHED = "state in ('queued', 'running', 'waiting')"

backfill = Table(
    "backfill",
    metadata,
    Column("backfill_id", Uuid, primary_key=True),
    text_column("source_id"),
    # `start`, `reconnect` move the source's position, `request` does not
    text_column("reason"),
    time_column("requested_at"),
    text_column("requested_by"),
    time_column("from_at"),
    time_column("to_at"),
    # queued, running, waiting (to try again), done, failed, cancelled
    text_column("state"),
    Column("detail", Text),
    # everything that the server received up to here is safe, of the device that is at turn
    Column("position", DateTime(timezone=True)),
    Column("fetched", BigInteger, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("claimed_by", Text),
    Column("claimed_until", DateTime(timezone=True)),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    # device ids of The Things Stack, one after the other; none is the whole application
    Column("devices", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("device_index", Integer, nullable=False, server_default=text("0")),
    # of those fetched, what had not come live
    Column("missing", BigInteger, nullable=False, server_default=text("0")),
    # lines that were no message
    Column("broken", BigInteger, nullable=False, server_default=text("0")),
    time_column("updated_at", server_default=text("now()")),
    # GET /v1/backfills
    Index("backfill_newest", text("requested_at desc"), text("backfill_id desc")),
    # one open automatic fetch of a source
    Index(
        "backfill_automatic",
        "source_id",
        unique=True,
        postgresql_where=text(f"reason <> 'request' and {UNFINISHED}"),
    ),
    # the worker's next one
    Index("backfill_unfinished", "source_id", "requested_at", postgresql_where=text(UNFINISHED)),
)

backfill_position = Table(
    "backfill_position",
    metadata,
    Column("source_id", Text, primary_key=True),
    time_column("received_at"),
)
