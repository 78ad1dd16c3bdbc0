# SPDX-License-Identifier: EUPL-1.2
"""Replays, what they found different, and who did what with a quarantined message."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from uplink_decoder.tables.columns import metadata, text_column, time_column

replay = Table(
    "replay",
    metadata,
    Column("replay_id", BigInteger, Identity(always=True), primary_key=True),
    # manual, registration (a device became known) or quarantine
    text_column("kind"),
    # queued, running, done, cancelled, failed
    text_column("state"),
    Column("dry_run", Boolean, nullable=False),
    Column("filter", JSONB, nullable=False),
    # decode with this one instead of the devices' own
    Column("codec_id", Text),
    Column("codec_version", Integer),
    text_column("requested_by"),
    Column("author_role", Text),
    Column("note", Text),
    time_column("created_at", server_default=text("now()")),
    Column("started_at", DateTime(timezone=True)),
    time_column("updated_at", server_default=text("now()")),
    Column("finished_at", DateTime(timezone=True)),
    # observation time of the first one, from which progress is reckoned
    Column("from_at", DateTime(timezone=True)),
    # everything up to here is done; written in the transaction that did it
    Column("position_at", DateTime(timezone=True)),
    Column("position_id", Uuid),
    # how many there are to go through, where that was counted
    Column("total", BigInteger),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("fields", JSONB, nullable=False, server_default=text("'{}'")),
    Column("differences", Integer, nullable=False, server_default=text("0")),
    # observations of this replay from here on may not have been published
    Column("unpublished_from", BigInteger),
    # of the process, since the position last moved
    Column("deaths", SmallInteger, nullable=False, server_default=text("0")),
    Column("error", Text),
    # the worker's next one
    Index(
        "replay_unfinished",
        "replay_id",
        postgresql_where=text("state in ('queued', 'running') or unpublished_from is not null"),
    ),
)

replay_difference = Table(
    "replay_difference",
    metadata,
    Column("replay_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("uplink_id", Uuid, nullable=False),
    time_column("observed_at"),
    text_column("dev_eui"),
    text_column("field"),
    text_column("change"),
    # JSON as text, which may hold what jsonb refuses
    Column("before", Text),
    Column("after", Text),
)

quarantine_event = Table(
    "quarantine_event",
    metadata,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    Column("quarantine_id", Uuid, nullable=False),
    time_column("at", server_default=text("now()")),
    # failed or resolved when retried, discarded, expired
    text_column("action"),
    text_column("author"),
    Column("author_role", Text),
    Column("note", Text),
    Column("reason", Text),
    Column("detail", Text),
    # a message's history
    Index("quarantine_event_of_message", "quarantine_id", "event_id"),
)
