# SPDX-License-Identifier: EUPL-1.2
"""Peaks with what was done about them and what became of them; comfort per line."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from vehicle_occupancy.tables.schema import (
    count_column,
    metadata,
    number_column,
    text_column,
    time_column,
)

peak = Table(
    "peak",
    metadata,
    Column("peak_id", Text, primary_key=True),
    Column("day", Date, nullable=False),
    time_column("at"),
    text_column("trip_id"),
    text_column("line"),
    count_column("direction"),
    count_column("first_stop"),
    count_column("last_stop"),
    count_column("worst_stop"),
    text_column("from_stop"),
    text_column("to_stop"),
    count_column("at_s"),
    number_column("expected_load"),
    number_column("low"),
    number_column("high"),
    count_column("comfort_limit"),
    count_column("capacity"),
    number_column("probability"),
    number_column("excess"),
    Column("simulated", Boolean, nullable=False),
    time_column("issued_at"),
    # which kind of forecast expected it: day_ahead, live
    Column("horizon", Text, nullable=False, server_default=text("'day_ahead'")),
    Column("outcome", JSONB),
    time_column("measured_at", nullable=True),
    # a period's peaks in order
    Index("peak_by_time", "at", "peak_id"),
    # a day's, to be measured
    Index("peak_of_day", "day"),
)

peak_action = Table(
    "peak_action",
    metadata,
    Column("action_id", BigInteger, Identity(always=True), primary_key=True),
    Column("peak_id", Text, ForeignKey("transit.peak.peak_id", ondelete="CASCADE"), nullable=False),
    text_column("kind"),
    text_column("trip_id", nullable=True),
    text_column("note"),
    text_column("author"),
    time_column("taken_at"),
    # what it was to change, as calculated when it was chosen; null where nothing was
    Column("promise", JSONB),
    # what was done about a peak
    Index("peak_action_of_peak", "peak_id"),
)

line_comfort = Table(
    "line_comfort",
    metadata,
    Column("day", Date, primary_key=True),
    Column("line", Text, primary_key=True),
    Column("direction", Integer, primary_key=True, autoincrement=False),
    number_column("passenger_km"),
    number_column("above_km"),
    number_column("excess_km"),
    count_column("sections"),
    count_column("counted"),
    Column("simulated", Boolean, nullable=False),
    # null: counted before it was kept
    number_column("place_km", nullable=True),
    # the shares of seats and standing places that made the limit; null: counted before it was kept
    number_column("limit_seats", nullable=True),
    number_column("limit_standing", nullable=True),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # v1_line_comfort: what others have not seen
    Index("line_comfort_changed", "changed_at"),
)
