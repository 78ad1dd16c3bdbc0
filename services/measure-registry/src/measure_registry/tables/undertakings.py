# SPDX-License-Identifier: EUPL-1.2
"""Measures and sub-projects, and the ideas that became part of them."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from measure_registry.tables.metadata import document_column, metadata, text_column, time_column

undertaking = Table(
    "undertaking",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("undertaking_id", Text, primary_key=True),
    # in the folder's order; staff's own come last
    Column("position", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    document_column("definition"),
    # what the city folder said last; none of what staff made
    Column("applied", JSONB),
    time_column("created_at"),
    time_column("changed_at"),
    Column("retired_at", DateTime(timezone=True)),
)

adoption = Table(
    "adoption",
    metadata,
    Column("idea_id", Text, ForeignKey("registry.idea.idea_id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("undertaking_id", Text, primary_key=True),
    time_column("at"),
    text_column("reason"),
    # what a measure was made of
    Index("adoption_of", "kind", "undertaking_id"),
)
