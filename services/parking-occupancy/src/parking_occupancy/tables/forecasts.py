# SPDX-License-Identifier: EUPL-1.2
"""Forecasts: the calendar, models, what was issued and how good it was."""

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
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parking_occupancy.tables.schema import (
    count_column,
    metadata,
    number_column,
    text_column,
    time_column,
)

# What days are, in the city's time: `city apply` writes it, forecasts read it.
forecast_calendar = Table(
    "forecast_calendar",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    text_column("timezone"),
    # ISO 3166-2, such as DE-ST; empty: none
    text_column("public_holidays"),
    # date: 1 school holidays, 2 event
    Column("special_days", JSONB, nullable=False),
    CheckConstraint("only_row", name="one_row"),
)

forecast_model = Table(
    "forecast_model",
    metadata,
    Column("model_id", BigInteger, Identity(always=True), primary_key=True),
    time_column("learned_at"),
    text_column("name"),
    # numpy's own format, no pickle
    Column("content", LargeBinary, nullable=False),
)

# Hypertable by issue: what was told, and what the baselines would have said.
lot_forecast = Table(
    "lot_forecast",
    metadata,
    # GET /v1/lots/{lot_id}/forecast reads the newest along this key
    Column("lot_id", Text, primary_key=True),
    Column("issued_at", DateTime(timezone=True), primary_key=True),
    text_column("model"),
    Column("withheld", Text),
    Column("present", Float(53)),
    # one element per horizon: 15, 30, … 240 minutes
    Column("free", ARRAY(Integer), nullable=False),
    Column("low", ARRAY(Integer), nullable=False),
    Column("high", ARRAY(Integer), nullable=False),
    Column("seasonal_mean", ARRAY(Float(53)), nullable=False),
)

forecast_score = Table(
    "forecast_score",
    metadata,
    Column("lot_id", Text, primary_key=True),
    # the city's date of the targets
    Column("day", Date, primary_key=True),
    Column("horizon_min", Integer, primary_key=True, autoincrement=False),
    count_column("forecasts"),
    number_column("mae"),
    number_column("mae_persistence"),
    number_column("mae_seasonal_mean"),
    number_column("coverage"),
    number_column("width"),
    # by what the next days' intervals are stretched
    number_column("reach"),
)
