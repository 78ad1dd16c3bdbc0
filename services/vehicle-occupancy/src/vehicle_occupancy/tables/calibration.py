# SPDX-License-Identifier: EUPL-1.2
"""What radio devices say of persons: counted samples, and what was learned from them."""

from __future__ import annotations

from sqlalchemy import Column, Date, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from vehicle_occupancy.tables.schema import flag_column, metadata, number_column, time_column

# Weighted sums of a day's samples; no single moment is kept.
presence_cell = Table(
    "presence_cell",
    metadata,
    Column("day", Date, primary_key=True),
    Column("radio", Text, primary_key=True),
    Column("vehicle_id", Text, primary_key=True),
    Column("line", Text, primary_key=True),
    # local
    Column("hour", SmallInteger, primary_key=True),
    Column("load_bin", SmallInteger, primary_key=True),
    number_column("weight"),
    number_column("load"),
    number_column("load_variance"),
    number_column("count"),
    number_column("count_square"),
    flag_column("simulated"),
)

presence_calibration = Table(
    "presence_calibration",
    metadata,
    # the last day whose samples were learned from
    Column("last_day", Date, primary_key=True),
    time_column("fitted_at"),
    number_column("samples"),
    Column("effects", JSONB, nullable=False),
)
