# SPDX-License-Identifier: EUPL-1.2
"""The table of alerts, made for any service's schema."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def alert_table(metadata: MetaData) -> Table:
    """Return the table `alert` of a service's schema: one row per alert from raised to cleared."""
    return Table(
        "alert",
        metadata,
        Column("number", BigInteger, Identity(always=True), primary_key=True),
        Column("kind", Text, nullable=False),
        Column("alert_id", Text, nullable=False),
        Column("severity", Text, nullable=False),
        Column("text_de", Text, nullable=False),
        Column("text_en", Text, nullable=False),
        Column("details", JSONB, nullable=False),
        Column("simulated", Boolean, nullable=False),
        Column("raised_at", DateTime(timezone=True), nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False),
        Column("cleared_at", DateTime(timezone=True)),
        # from the sequence alert_change; pollers keep it, and the outbox compares it
        Column("change", BigInteger, nullable=False),
        Column("published_change", BigInteger, nullable=False, server_default=text("0")),
        # an alert is open once
        Index(
            "alert_open",
            "kind",
            "alert_id",
            unique=True,
            postgresql_where=text("cleared_at is null"),
        ),
        # GET /v1/alerts
        Index("alert_in_order_of_change", "change", unique=True),
        # the publisher's outbox
        Index("alert_unpublished", "change", postgresql_where=text("published_change < change")),
    )
