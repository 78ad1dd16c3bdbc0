"""The tables of schema `kpi`; only `storage` and the migrations import them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="kpi")

mehrwert = Table(
    "mehrwert",
    metadata,
    Column("mehrwert_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("retired_at", DateTime(timezone=True)),
)

indicator = Table(
    "indicator",
    metadata,
    Column("indicator_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("retired_at", DateTime(timezone=True)),
)

# Nothing is ever changed but the decision: a correction is a further row with its cause.
indicator_value = Table(
    "indicator_value",
    metadata,
    Column("value_id", BigInteger, Identity(always=True), primary_key=True),
    Column("indicator_id", Text, ForeignKey("kpi.indicator.indicator_id"), nullable=False),
    Column("period", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("value", Float(53), nullable=False),
    # how many of each group, where the indicator has groups
    Column("parts", JSONB),
    Column("group_size", Integer),
    Column("completeness", Float(53)),
    Column("source", Text, nullable=False),
    Column("source_date", Date, nullable=False),
    Column("evidence", Text),
    Column("author_role", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("indicator_version", Integer, nullable=False),
    # the key or subject, no name
    Column("author", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    # pending, approved, rejected
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_note", Text),
    # values of an indicator, and the newest word on a period
    Index("indicator_value_of_period", "indicator_id", "period", "period_start", "value_id"),
)
