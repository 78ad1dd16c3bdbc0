# SPDX-License-Identifier: EUPL-1.2
"""Loads per trip and day, forecasts and their scores; arrays run along a trip's stops but the last."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from vehicle_occupancy.tables.schema import (
    count_column,
    flag_column,
    metadata,
    number_column,
    text_column,
    time_column,
)


def day_column() -> Column[object]:
    """Return a column for a service day that is part of the key."""
    return Column("day", Date, primary_key=True)


forecast_setting = Table(
    "forecast_setting",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    text_column("timezone"),
    # ISO 3166-2, empty: nobody's
    text_column("public_holidays"),
    # by date: 1 school holidays, 2 an event
    Column("special_days", JSONB, nullable=False),
    # comfort limit, probabilities, assumptions, costs
    Column("peaks", JSONB, nullable=False),
    CheckConstraint("only_row", name="one_setting"),
)

# What forecasts are learned from: the load on departure, null where it was not counted.
trip_load = Table(
    "trip_load",
    metadata,
    day_column(),
    Column("trip_id", Text, primary_key=True),
    text_column("line"),
    count_column("direction"),
    count_column("begin_s"),
    text_column("vehicle_id", nullable=True),
    count_column("seats", nullable=True),
    count_column("standing", nullable=True),
    Column("stop_ids", ARRAY(Text), nullable=False),
    Column("departures_s", ARRAY(Integer), nullable=False),
    Column("to_next_m", ARRAY(Float(53)), nullable=False),
    text_column("last_stop_id"),
    Column("loads", ARRAY(Float(53)), nullable=False),
    flag_column("simulated"),
    # a line's past, for outcomes and profiles
    Index("trip_load_of_line", "line", "direction", "day"),
)

trip_forecast = Table(
    "trip_forecast",
    metadata,
    day_column(),
    Column("trip_id", Text, primary_key=True),
    text_column("line"),
    count_column("direction"),
    text_column("block_id", nullable=True),
    count_column("mode"),
    Column("stop_ids", ARRAY(Text), nullable=False),
    Column("departures_s", ARRAY(Integer), nullable=False),
    Column("departures_at", ARRAY(DateTime(timezone=True)), nullable=False),
    Column("to_next_m", ARRAY(Float(53)), nullable=False),
    text_column("last_stop_id"),
    count_column("seats"),
    count_column("standing"),
    count_column("medium_from"),
    count_column("high_from"),
    # single floats, little-endian: [stop, quantile]; [stop]; [stop]; NaN where nothing is known
    Column("quantiles", LargeBinary, nullable=False),
    Column("last_week", LargeBinary, nullable=False),
    Column("historical_mean", LargeBinary, nullable=False),
    time_column("issued_at"),
    # the last that was said of each stop before it was left
    Column("live", LargeBinary),
    time_column("live_at", nullable=True),
    flag_column("simulated"),
    # a line's departures in a period
    Index("trip_forecast_of_line", "line", "day"),
)

live_round = Table(
    "live_round",
    metadata,
    day_column(),
    # until when what is said live of the day's trips holds: renewed each time they were looked at
    time_column("valid_until"),
)

forecast_score = Table(
    "forecast_score",
    metadata,
    day_column(),
    Column("line", Text, primary_key=True),
    Column("direction", Integer, primary_key=True, autoincrement=False),
    # day_ahead, live
    Column("horizon", Text, primary_key=True),
    # scored: of what was told; held_out: of days forecast blind by the learner
    text_column("source"),
    count_column("forecasts"),
    number_column("mae"),
    number_column("mae_last_week"),
    number_column("mae_historical_mean"),
    number_column("coverage"),
    number_column("width"),
    number_column("level_accuracy"),
    number_column("level_accuracy_last_week"),
    number_column("level_accuracy_historical_mean"),
    number_column("brier"),
    # of live forecasts; null: day_ahead, or scored before it was kept
    number_column("mae_day_ahead", nullable=True),
)
