# SPDX-License-Identifier: EUPL-1.2
"""The tables of schema `kpi`; only `storage` and the migrations import them."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from stadttakt_runtime.alerts import alert_table

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
    # the function in which somebody decided; rows of older versions have none
    Column("decided_role", Text),
    # values of an indicator, and the newest word on a period
    Index("indicator_value_of_period", "indicator_id", "period", "period_start", "value_id"),
)

# What groups say on the mean, and how many they are, of the values that tell it.
value_means = Table(
    "value_means",
    metadata,
    Column(
        "value_id",
        BigInteger,
        ForeignKey("kpi.indicator_value.value_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("means", JSONB, nullable=False),
)

# A file of values that was handed in: who decides can take all of it.
value_file = Table(
    "value_file",
    metadata,
    Column("file_id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    # the key or subject, no name
    Column("author", Text, nullable=False),
    Column("author_role", Text, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
)

value_file_line = Table(
    "value_file_line",
    metadata,
    Column("value_id", BigInteger, ForeignKey("kpi.indicator_value.value_id"), primary_key=True),
    Column("file_id", BigInteger, ForeignKey("kpi.value_file.file_id"), nullable=False),
    Column("line", Integer, nullable=False),
    # the lines of a file
    Index("value_file_line_of_file", "file_id", "line"),
)

# A file between its trial run and its import, one of each login, for minutes.
value_file_draft = Table(
    "value_file_draft",
    metadata,
    Column("login", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("kept_until", DateTime(timezone=True), nullable=False),
)

configuration = Table(
    "configuration",
    metadata,
    Column(
        "only_row",
        Boolean,
        CheckConstraint("only_row", name="one_row"),
        primary_key=True,
        server_default=text("true"),
    ),
    Column("timezone", Text, nullable=False),
    Column("city_name", Text, nullable=False, server_default=text("''")),
)

formula = Table(
    "formula",
    metadata,
    Column("formula_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("retired_at", DateTime(timezone=True)),
)

# The whole framework as it was applied, so that a scorecard of then is held against it.
framework_version = Table(
    "framework_version",
    metadata,
    Column("number", Integer, Identity(always=True), primary_key=True),
    Column("applied_at", DateTime(timezone=True), nullable=False),
    Column("definition", JSONB, nullable=False),
)

# Until when changes of a view's rows were noticed.
source_mark = Table(
    "source_mark",
    metadata,
    Column("view", Text, primary_key=True),
    Column("seen_until", DateTime(timezone=True), nullable=False),
)

formula_progress = Table(
    "formula_progress",
    metadata,
    Column("formula_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("counted_until", Date, nullable=False),
)

# Days to count; a counted one whose amounts changed waits for its periods' values.
day_dirty = Table(
    "day_dirty",
    metadata,
    Column("formula_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("counted", Boolean, nullable=False, server_default=text("false")),
)

day_amount = Table(
    "day_amount",
    metadata,
    Column("formula_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("member", Text, primary_key=True),
    Column("numerator", Float(53), nullable=False),
    Column("denominator", Float(53), nullable=False),
    Column("known", Float(53), nullable=False),
    Column("expected", Float(53), nullable=False),
    Column("simulated", Boolean, nullable=False),
)

# Only ever added to: the newest row of a period holds, the others say what was told before.
computed_value = Table(
    "computed_value",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("indicator_id", Text, ForeignKey("kpi.indicator.indicator_id"), nullable=False),
    Column("period", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    # null: no value, for the reason
    Column("value", Float(53)),
    Column("reason", Text),
    Column("numerator", Float(53), nullable=False),
    Column("denominator", Float(53), nullable=False),
    Column("completeness", Float(53), nullable=False),
    Column("confidence", Text),
    Column("lowest", Float(53)),
    Column("highest", Float(53)),
    # the period is not over
    Column("provisional", Boolean, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("formula_id", Text, nullable=False),
    Column("formula_version", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    # whose data made the difference
    Column("days", ARRAY(Date), nullable=False),
    Column("computed_at", DateTime(timezone=True), nullable=False),
    # the newest word on a period, and all of them
    Index("computed_value_of_period", "indicator_id", "period", "period_start", "number"),
)

# Events on change, until the broker has them.
value_event = Table(
    "value_event",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("indicator_id", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("published_at", DateTime(timezone=True)),
    # the publisher's outbox
    Index("value_event_unpublished", "number", postgresql_where=text("published_at is null")),
)

# Who has a key for data: named programs, no persons.
data_application = Table(
    "data_application",
    metadata,
    Column("application", Text, primary_key=True),
    Column("first_used_at", DateTime(timezone=True), nullable=False),
    Column("noted_at", DateTime(timezone=True), nullable=False),
)

# Since when, and until when, it was looked which applications use their key.
application_watch = Table(
    "application_watch",
    metadata,
    Column(
        "only_row",
        Boolean,
        CheckConstraint("only_row", name="one_watch"),
        primary_key=True,
        server_default=text("true"),
    ),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("noted_until", DateTime(timezone=True), nullable=False),
)

# Applications without a key that the city knows of, with where that can be seen.
declared_application = Table(
    "declared_application",
    metadata,
    Column("application", Text, primary_key=True),
    Column("first_used_on", Date, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

# When a computation began last, and when one was done.
computation = Table(
    "computation",
    metadata,
    Column(
        "only_row",
        Boolean,
        CheckConstraint("only_row", name="one_computation"),
        primary_key=True,
        server_default=text("true"),
    ),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("done_at", DateTime(timezone=True)),
)

# The framework that was refused last, until one is taken.
framework_refusal = Table(
    "framework_refusal",
    metadata,
    Column(
        "only_row",
        Boolean,
        CheckConstraint("only_row", name="one_refusal"),
        primary_key=True,
        server_default=text("true"),
    ),
    Column("refused_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
)

report = Table(
    "report",
    metadata,
    Column("report_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("retired_at", DateTime(timezone=True)),
)

# The archive: a trigger refuses every change of a row, here and in report_file.
report_edition = Table(
    "report_edition",
    metadata,
    Column("edition_id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", Text, ForeignKey("kpi.report.report_id"), nullable=False),
    # how the report was declared when this one was made
    Column("definition", JSONB, nullable=False),
    Column("every", Text, nullable=False),
    Column("span_begin", Date, nullable=False),
    # counts those of one stretch
    Column("number", Integer, nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("produced_at", DateTime(timezone=True), nullable=False),
    # schedule, order
    Column("cause", Text, nullable=False),
    # what all files were drawn from
    Column("document", LargeBinary, nullable=False),
    UniqueConstraint("report_id", "every", "span_begin", "number", name="report_edition_of_span"),
)

report_file = Table(
    "report_file",
    metadata,
    Column("edition_id", BigInteger, ForeignKey("kpi.report_edition.edition_id"), primary_key=True),
    Column("format", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

alert = alert_table(metadata)
