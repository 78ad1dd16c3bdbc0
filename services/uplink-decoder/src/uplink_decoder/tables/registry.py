"""Devices and what they watch."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from uplink_decoder.tables.columns import metadata, text_column, time_column

device = Table(
    "device",
    metadata,
    Column("dev_eui", Text, primary_key=True),
    text_column("name"),
    Column("codec_id", Text),
    Column("expected_interval_s", Integer),
    Column("tags", JSONB, nullable=False, server_default=text("'{}'")),
    # `city` from the city folder, or `seen` when it sent and nobody knows it
    text_column("origin"),
    time_column("first_seen", server_default=text("now()")),
    Column("last_seen", DateTime(timezone=True)),
    Column("last_source", Text),
    Column("battery_mv", Integer),
    Column("battery_percent", Integer),
    Column("retired_at", DateTime(timezone=True)),
)

assignment = Table(
    "assignment",
    metadata,
    Column("assignment_id", BigInteger, Identity(always=True), primary_key=True),
    text_column("dev_eui"),
    text_column("asset_kind"),
    text_column("asset_id"),
    time_column("valid_from"),
    Column("valid_to", DateTime(timezone=True)),
    Index("assignment_of_device", "dev_eui", "valid_from"),
)
