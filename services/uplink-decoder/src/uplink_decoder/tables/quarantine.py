# SPDX-License-Identifier: EUPL-1.2
"""What could not be read, and what may have killed a process."""

from __future__ import annotations

from sqlalchemy import (
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

quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", Uuid, primary_key=True),
    time_column("received_at"),
    time_column("last_received_at"),
    Column("times", Integer, nullable=False, server_default=text("1")),
    text_column("source_id"),
    text_column("topic"),
    Column("payload", LargeBinary, nullable=False),
    text_column("reason"),
    text_column("detail"),
    Column("dev_eui", Text),
    Column("uplink_id", Uuid),
    Column("codec_id", Text),
    Column("codec_version", Integer),
    # open, resolved, discarded, expired (undecided until its bytes were erased)
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("changed_at", DateTime(timezone=True)),
    Column("retries", Integer, nullable=False, server_default=text("0")),
    # topic class under which the ledger counts it as quarantined; null: it does not
    Column("ledger_class", Text),
    # of what was erased; the payload is empty then
    Column("payload_bytes", Integer),
    Column("erased_at", DateTime(timezone=True)),
    # GET /v1/quarantine/summary, retrying all of a reason
    Index("quarantine_by_state", "state", "reason"),
    # GET /v1/quarantine
    Index("quarantine_newest", "last_received_at", "quarantine_id"),
    # what a replay mends or refuses
    Index("quarantine_of_uplink", "uplink_id", postgresql_where=text("uplink_id is not null")),
    # a retry's next ones
    Index(
        "quarantine_open",
        "received_at",
        "quarantine_id",
        postgresql_where=text("state = 'open'"),
    ),
)

suspect = Table(
    "suspect",
    metadata,
    # fingerprint of a message that was in flight when a process died
    Column("fingerprint", Uuid, primary_key=True),
    Column("deaths", SmallInteger, nullable=False),
    time_column("first_seen", server_default=text("now()")),
)
