# SPDX-License-Identifier: EUPL-1.2
"""The tables of schema `registry`; only `storage` and the migrations import them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from measure_registry.tables import forms, ideas, people, undertakings
from measure_registry.tables.metadata import document_column, metadata, text_column, time_column
from stadttakt_runtime.alerts import alert_table

__all__ = ["forms", "ideas", "metadata", "people", "undertakings"]

alert = alert_table(metadata)

# workflow, vocabulary, intake, as the city folder has them
city_part = Table(
    "city_part",
    metadata,
    Column("part", Text, primary_key=True),
    document_column("definition"),
)

# since when entries are made, and since when the city says that they are complete
keeping = Table(
    "keeping",
    metadata,
    Column(
        "only_row",
        Boolean,
        CheckConstraint("only_row", name="one_keeping"),
        primary_key=True,
        server_default=text("true"),
    ),
    time_column("first_at"),
    Column("declared_since", Date),
    time_column("changed_at"),
)

# every version ever applied; the highest holds
catalogue = Table(
    "catalogue",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    document_column("definition"),
    time_column("applied_at"),
)

# workshops, meetings and the like at which people of several houses came together
network_format = Table(
    "network_format",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("format_id", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("held_on", Date, nullable=False),
    document_column("definition"),
    time_column("created_at"),
    time_column("changed_at"),
    Column("cancelled_at", DateTime(timezone=True)),
    # the list, the newest first, and those of a year
    Index("network_format_by_day", "held_on", "number"),
)

# the history of everything, and the outbox of events
change = Table(
    "change",
    metadata,
    Column("change_id", BigInteger, Identity(always=True), primary_key=True),
    text_column("entity"),
    text_column("entity_id"),
    time_column("at"),
    # key or subject, no name; `submitter`, `city folder`
    text_column("author"),
    text_column("author_role"),
    text_column("action"),
    Column("from_state", Text),
    Column("to_state", Text),
    Column("reason", Text),
    Column("details", JSONB),
    Column("told_at", DateTime(timezone=True)),
    # the history of one thing
    Index("change_of_entity", "entity", "entity_id", "change_id"),
    # the outbox
    Index("change_untold", "change_id", postgresql_where=text("told_at is null")),
)
