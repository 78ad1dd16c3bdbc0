# SPDX-License-Identifier: EUPL-1.2
"""How each source's connection is, as each decoder sees it, and what sessions were asked for."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, Integer, Table, Text

from uplink_decoder.tables.columns import metadata, time_column

source_state = Table(
    "source_state",
    metadata,
    Column("source_id", Text, primary_key=True),
    # a decoder instance; what one that is gone noted grows old
    Column("writer", Text, primary_key=True),
    time_column("noted_at"),
    Column("connected", Boolean, nullable=False),
    # since when it is connected, or is not
    time_column("since"),
    Column("last_message_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("last_error_at", DateTime(timezone=True)),
    # messages since the process started, and of late
    Column("received", BigInteger, nullable=False),
    Column("received_per_s", Double, nullable=False),
    # received and not yet taken up
    Column("backlog", Integer, nullable=False),
)

subscription = Table(
    "subscription",
    metadata,
    # a session at a broker (host:port), and a filter that it was ever asked for
    Column("client_id", Text, primary_key=True),
    Column("broker", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
)
