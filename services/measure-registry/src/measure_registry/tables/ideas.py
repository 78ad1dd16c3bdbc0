# SPDX-License-Identifier: EUPL-1.2
"""Ideas, their ratings, and how they come of each other."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from measure_registry.tables.metadata import document_column, metadata, text_column, time_column

idea = Table(
    "idea",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("idea_id", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    text_column("title"),
    text_column("summary"),
    text_column("handlungsfeld"),
    document_column("details"),
    Column("lat", Float(53)),
    Column("lon", Float(53)),
    text_column("state"),
    time_column("state_since"),
    time_column("submitted_at"),
    time_column("changed_at"),
    text_column("channel"),
    text_column("pseudonym"),
    Column("call_id", Text),
    Column("priority", Text),
    Column("published_at", DateTime(timezone=True)),
    Column("merged_into", Text),
    # since when it goes on in its parts
    Column("split_at", DateTime(timezone=True)),
    # which row of which file it was; the same line is imported once
    Column("imported_as", Text, unique=True),
    # the platform it was read on first, and its page there
    Column("source", JSONB),
    # of the secret in the status link
    Column("token_hash", LargeBinary),
    # of how many criteria raters contradict each other
    Column("disputed", Integer, nullable=False, server_default=text("0")),
    # German stems of title, summary and the other texts
    Column("search", TSVECTOR, nullable=False),
    # the list by state
    Index("idea_by_state", "state", "number"),
    # the board: how many a state has, and its newest
    Index(
        "idea_on_board",
        "state",
        "number",
        postgresql_where=text("merged_into is null and split_at is null"),
    ),
    # what raters must talk about
    Index("idea_disputed", "number", postgresql_where=text("disputed > 0")),
    # what everybody sees
    Index("idea_public", "number", postgresql_where=text("published_at is not null")),
    # the feed: what was published or changed last
    Index(
        "idea_changed_last",
        "changed_at",
        "number",
        postgresql_where=text("published_at is not null"),
    ),
    # search, and ideas that are alike
    Index("idea_words", "search", postgresql_using="gin"),
    Index("idea_alike", "title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}),
)

rating = Table(
    "rating",
    metadata,
    Column("idea_id", Text, ForeignKey("registry.idea.idea_id"), primary_key=True),
    Column("criterion_id", Text, primary_key=True),
    Column("rater", Text, primary_key=True),
    text_column("rating"),
    text_column("comment"),
    Column("catalogue_version", Integer, nullable=False),
    time_column("at"),
)

# the later idea contains, or is a part of, the earlier
lineage = Table(
    "lineage",
    metadata,
    Column("source_id", Text, ForeignKey("registry.idea.idea_id"), primary_key=True),
    Column("target_id", Text, ForeignKey("registry.idea.idea_id"), primary_key=True),
    text_column("kind"),
    time_column("at"),
    # what an idea was made of
    Index("lineage_target", "target_id"),
)
