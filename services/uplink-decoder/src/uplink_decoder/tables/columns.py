# SPDX-License-Identifier: EUPL-1.2
"""What all tables of schema `uplink` share."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Text

metadata = MetaData(schema="uplink")


def time_column(name: str, **options: object) -> Column[object]:
    """Return a column for a time that is always there."""
    return Column(name, DateTime(timezone=True), nullable=False, **options)  # type: ignore[arg-type]


def text_column(name: str) -> Column[str]:
    """Return a column for a text that is always there."""
    return Column(name, Text, nullable=False)
