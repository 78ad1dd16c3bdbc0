# SPDX-License-Identifier: EUPL-1.2
"""What the public form leaves behind: unfinished forms, attachments, mails to be sent."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from measure_registry.tables.metadata import metadata, text_column, time_column

# sealed like contact data, since they are among what was written
draft = Table(
    "draft",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    text_column("key_id"),
    time_column("saved_at"),
    # of the address that it names, by which requests for access and erasure find it
    Column("address_hash", LargeBinary),
    Index("draft_by_address", "address_hash"),
    # forgetting
    Index("draft_by_age", "saved_at"),
)

# sealed like the form, and gone with it
draft_attachment = Table(
    "draft_attachment",
    metadata,
    Column(
        "token_hash",
        LargeBinary,
        ForeignKey("registry.draft.token_hash", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    text_column("media_type"),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    text_column("key_id"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("idea_id", Text, ForeignKey("registry.idea.idea_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    text_column("media_type"),
    # sealed where there is a key, which is then named
    Column("content", LargeBinary, nullable=False),
    time_column("at"),
    Column("kind", Text, nullable=False, server_default=text("'file'")),
    Column("key_id", Text),
)

# whom it goes to stands in `contact` alone
mail = Table(
    "mail",
    metadata,
    Column("mail_id", BigInteger, Identity(always=True), primary_key=True),
    Column("idea_id", Text, ForeignKey("registry.idea.idea_id"), nullable=False),
    text_column("kind"),
    Column("state", Text),
    time_column("queued_at"),
    time_column("due_at"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("sent_at", DateTime(timezone=True)),
    # an idea that this one went into, or a part of it
    Column("about_id", Text, ForeignKey("registry.idea.idea_id")),
    # requests for access and erasure, and how often an address is written to
    Index("mail_of_idea", "idea_id"),
    # what is to be sent
    Index("mail_unsent", "due_at", postgresql_where=text("sent_at is null")),
)
