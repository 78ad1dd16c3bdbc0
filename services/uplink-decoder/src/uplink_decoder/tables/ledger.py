# SPDX-License-Identifier: EUPL-1.2
"""What was received and what became of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, Uuid, text

from uplink_decoder.tables.columns import metadata, time_column

ledger = Table(
    "ledger",
    metadata,
    time_column("hour", primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("topic_class", Text, primary_key=True),
    # a decoder instance and one of its processes: each writes its own sums, so a repeated
    # transaction counts nothing twice
    Column("writer", Text, primary_key=True),
    Column("run", Uuid, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("in_flight", BigInteger, nullable=False),
    # held by a process that died; the sender has them still, so they count as received when they
    # come again
    Column("returned", BigInteger, nullable=False, server_default=text("0")),
    # the closing at start
    Index("ledger_open", "writer", postgresql_where=text("in_flight <> 0")),
)
