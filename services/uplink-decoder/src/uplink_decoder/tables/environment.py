# SPDX-License-Identifier: EUPL-1.2
"""Places where quantities are measured, their series and roll-ups."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Identity, Integer, Table, Text

from uplink_decoder.tables.columns import metadata, text_column, time_column

asset = Table(
    "asset",
    metadata,
    Column("asset_id", Text, primary_key=True),
    text_column("kind"),
    text_column("name"),
    Column("lat", Double, nullable=False),
    Column("lon", Double, nullable=False),
    Column("height_m", Double),
    text_column("description"),
)

# A hypertable by observation time; its key is the order in which GET .../observations reads.
environment = Table(
    "environment",
    metadata,
    Column("asset_id", Text, primary_key=True),
    Column("quantity", Text, primary_key=True),
    time_column("observed_at", primary_key=True),
    # a repeated delivery or replay hits the same row; two sensors at one place do not
    Column("event_id", Text, primary_key=True),
    Column("value", Double, nullable=False),
    text_column("unit"),
    # good, implausible: kept, but in no roll-up
    text_column("quality"),
    text_column("source_id"),
    Column("simulated", Boolean, nullable=False),
)

environment_newest = Table(
    "environment_newest",
    metadata,
    Column("asset_id", Text, primary_key=True),
    Column("quantity", Text, primary_key=True),
    time_column("observed_at"),
    text_column("event_id"),
    Column("value", Double, nullable=False),
    text_column("unit"),
    Column("simulated", Boolean, nullable=False),
)

# Only ever appended to, so that writers wait for nobody; emptied by the roll-up.
environment_dirty = Table(
    "environment_dirty",
    metadata,
    Column("mark", BigInteger, Identity(always=True), primary_key=True),
    text_column("asset_id"),
    text_column("quantity"),
    # of the quarter of an hour
    time_column("start"),
)

environment_rollup = Table(
    "environment_rollup",
    metadata,
    Column("asset_id", Text, primary_key=True),
    Column("width_s", Integer, primary_key=True),
    Column("quantity", Text, primary_key=True),
    time_column("start", primary_key=True),
    text_column("unit"),
    Column("count", Integer, nullable=False),
    Column("mean", Double, nullable=False),
    Column("min", Double, nullable=False),
    Column("max", Double, nullable=False),
    Column("first", Double, nullable=False),
    Column("last", Double, nullable=False),
    Column("simulated", Boolean, nullable=False),
)
