# SPDX-License-Identifier: EUPL-1.2
"""The tables of schema `opendata`; only `storage` and the migrations import them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from stadttakt_runtime.alerts import alert_table
from stadttakt_runtime.leadership import leadership_table

metadata = MetaData(schema="opendata")


def _time(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, primary_key=primary_key)


# what is public now
live = Table(
    "live",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    Column("state", JSONB, nullable=False),
    _time("static_since"),
    _time("told_at"),
    _time("heard_at"),
)

# what was public from `told_at` on, and until when it held; `state` null: withdrawn
past = Table(
    "past",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    _time("told_at", primary_key=True),
    Column("state", JSONB),
    _time("static_since", nullable=True),
    _time("held_until", nullable=True),
)

# lots and bays of which anything of the past is told
known = Table(
    "known",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
)

rejected = Table(
    "rejected",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    _time("received_at"),
    _time("last_received_at"),
    Column("times", Integer, nullable=False, server_default=text("1")),
)

# what readers report about accessibility: no name, no address
feedback = Table(
    "feedback",
    metadata,
    Column("feedback_id", BigInteger, Identity(always=True), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    _time("received_at"),
    Column("page", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index("feedback_received_at", "received_at"),
)

alert = alert_table(metadata)

# rows of a dataset by day: those told now, and those told once and replaced since
edition = Table(
    "edition",
    metadata,
    Column("dataset_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("rules", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("row_count", Integer, nullable=False),
    _time("changed_at"),
    _time("checked_at"),
    Column("told", LargeBinary, nullable=False),
    Column("former", LargeBinary),
)

# since when the catalogue lists an entry
listed = Table(
    "listed",
    metadata,
    Column("entry_id", Text, primary_key=True),
    _time("created_at"),
)

# by which rules static feeds are made since when, and when anything of them was withdrawn last
standing_mark = Table(
    "standing_mark",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("rules", LargeBinary),
    _time("since"),
)

leadership = leadership_table(metadata)

# what is, or was, delivered to whom, and what was answered; `done_at` null: still to be delivered
delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("target", Text, nullable=False),
    Column("feed", Text, nullable=False),
    Column("is_static", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Text),
    Column("simulated", Boolean, nullable=False, server_default=text("false")),
    # names what was told, whatever the clock said
    Column("content", LargeBinary),
    _time("queued_at"),
    _time("next_attempt_at"),
    _time("sent_at", nullable=True),
    _time("done_at", nullable=True),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("http_status", Integer),
    Column("error", Text),
    Column("receipt", Text),
    Column("sha256", LargeBinary),
    Column("bytes", Integer),
    # the list, newest first
    Index("delivery_by_number", "number", unique=True),
    # the newest of each offer
    Index("delivery_newest", "target", "feed", text("number desc")),
    # the next to be sent
    Index("delivery_open", "target", "next_attempt_at", postgresql_where=text("done_at is null")),
    Index(
        "delivery_one_live",
        "target",
        "feed",
        unique=True,
        postgresql_where=text("done_at is null and not is_static"),
    ),
    # whether a payload is still needed
    Index("delivery_by_payload", "sha256"),
)

# what was sent, compressed as it was; often the same to several targets
delivery_payload = Table(
    "delivery_payload",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("zipped", LargeBinary, nullable=False),
    _time("used_at"),
)

# how often what was asked for, by day of the city; nothing of who asked
usage_day = Table(
    "usage_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
)

# the stretches of ten minutes of a day in which somebody counted, though there was nothing to count
usage_counted = Table(
    "usage_counted",
    metadata,
    Column("day", Date, primary_key=True),
    Column("slot", SmallInteger, primary_key=True),
    Column("slots", SmallInteger, nullable=False),
    _time("counted_at"),
)

# how many batches of counts a process has written: a repeated one adds nothing
usage_writer = Table(
    "usage_writer",
    metadata,
    Column("writer", Uuid, primary_key=True),
    Column("written", Integer, nullable=False),
    _time("written_at"),
)

# which datasets the city's policy makes public now
published_dataset = Table(
    "published_dataset",
    metadata,
    Column("dataset_id", Text, primary_key=True),
    _time("published_since"),
)
