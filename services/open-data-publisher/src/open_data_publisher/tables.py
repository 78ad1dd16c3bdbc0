"""The tables of schema `opendata`; only `storage` and the migrations import them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from stadttakt_runtime.alerts import alert_table

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
