# SPDX-License-Identifier: EUPL-1.2
"""Downlinks with their history."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from uplink_decoder.tables.columns import metadata, text_column, time_column

downlink = Table(
    "downlink",
    metadata,
    Column("downlink_id", Uuid, primary_key=True),
    text_column("dev_eui"),
    Column("f_port", SmallInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    text_column("priority"),
    Column("expires_at", DateTime(timezone=True)),
    Column("note", Text),
    time_column("created_at"),
    text_column("created_by"),
    text_column("state"),
    Column("reason", Text),
    time_column("updated_at"),
    # the source it goes through, as far as it got there
    Column("source_id", Text),
    # `tts/<application>/<device>`: not every event of The Things Stack tells the EUI
    Column("alias", Text),
    # the instance that is handing it over; a later process of its name takes it up again
    Column("claimed_by", Text),
    Column("claimed_at", DateTime(timezone=True)),
    # since when a server may have it: it cannot be cancelled any more
    Column("attempted_at", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    time_column("next_attempt_at"),
    # GET /v1/devices/{dev_eui}/downlinks; the oldest waiting one of a device
    Index("downlink_of_device", "dev_eui", "created_at", "downlink_id"),
    # the outbox
    Index("downlink_waiting", "next_attempt_at", postgresql_where=text("state = 'queued'")),
    # the tracking
    Index(
        "downlink_open",
        "created_at",
        postgresql_where=text("state not in ('queued', 'acknowledged')"),
    ),
)

downlink_event = Table(
    "downlink_event",
    metadata,
    Column("downlink_id", Uuid, primary_key=True),
    # the device event that told it, or the name of our own step: told twice, it stands once
    Column("evidence", Text, primary_key=True),
    time_column("at"),
    text_column("state"),
    Column("detail", Text),
)
