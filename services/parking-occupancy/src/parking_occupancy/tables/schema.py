# SPDX-License-Identifier: EUPL-1.2
"""The schema `parking` and its kinds of columns."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, MetaData, Text, text

metadata = MetaData(schema="parking")


def text_column(name: str) -> Column[str]:
    """Return a column for a text."""
    return Column(name, Text, nullable=False)


def number_column(name: str) -> Column[float]:
    """Return a column for a number with a fraction."""
    return Column(name, Float(53), nullable=False)


def count_column(name: str) -> Column[int]:
    """Return a column for a whole number."""
    return Column(name, Integer, nullable=False)


def flag_column(name: str) -> Column[bool]:
    """Return a column for yes or no; no unless told."""
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def time_column(name: str, *, nullable: bool = False) -> Column[object]:
    """Return a column for a time."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
