# SPDX-License-Identifier: EUPL-1.2
"""What all tables share."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="registry")


def text_column(name: str) -> Column[str]:
    """Return a text that is always there."""
    return Column(name, Text, nullable=False)


def time_column(name: str) -> Column[object]:
    """Return a time that is always there."""
    return Column(name, DateTime(timezone=True), nullable=False)


def document_column(name: str) -> Column[object]:
    """Return a document that is always there."""
    return Column(name, JSONB, nullable=False)
