# SPDX-License-Identifier: EUPL-1.2
"""Uploaded codecs and their versions; native ones are code, not rows."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from uplink_decoder.tables.columns import metadata, text_column, time_column

codec = Table(
    "codec",
    metadata,
    Column("codec_id", Text, primary_key=True),
    Column("active_version", Integer, nullable=False),
    text_column("maker"),
    text_column("model"),
    time_column("created_at", server_default=text("now()")),
    time_column("activated_at", server_default=text("now()")),
    # role or key, never a person
    text_column("activated_by"),
)

# A trigger refuses every update: what a stored uplink was decoded with can always be looked up.
codec_version = Table(
    "codec_version",
    metadata,
    Column("codec_id", Text, ForeignKey("uplink.codec.codec_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    text_column("language"),
    text_column("source"),
    Column("stateless", Boolean, nullable=False),
    # JSON as text: jsonb refuses a NUL, which a vector's expected text may hold
    Column("mapping", Text),
    text_column("vectors"),
    Column("vectors_passed", Integer, nullable=False),
    Column("vectors_failed", Integer, nullable=False),
    # of language, source, statelessness, mapping and vectors
    Column("sha256", LargeBinary, nullable=False),
    time_column("created_at", server_default=text("now()")),
    text_column("created_by"),
    UniqueConstraint("codec_id", "sha256", name="codec_version_of_content"),
)
