# SPDX-License-Identifier: EUPL-1.2
"""What is known of the health of devices and gateways; filled beside the hot path from `uplink`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, REAL

from uplink_decoder.tables.columns import metadata, text_column, time_column


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


# Only ever appended to, so that writers wait for nobody; emptied by the examiner.
health_dirty = Table(
    "health_dirty",
    metadata,
    Column("mark", BigInteger, Identity(always=True), primary_key=True),
    text_column("dev_eui"),
    time_column("hour"),
)

# Until when a decoder has marked what it stored; its next start marks what came after.
health_position = Table(
    "health_position",
    metadata,
    Column("writer", Text, primary_key=True),
    time_column("noted_at"),
)

# One row: what the settings say, for the views and statements that need it too.
health_policy = Table(
    "health_policy",
    metadata,
    Column("only_row", Boolean, CheckConstraint("only_row"), primary_key=True, server_default="t"),
    Column("silent_intervals", REAL, nullable=False),
)

# Hypertables by hour of observation; always computed anew from the uplinks of that hour.
device_health_hour = Table(
    "device_health_hour",
    metadata,
    Column("dev_eui", Text, primary_key=True),
    time_column("hour", primary_key=True),
    text_column("source_id"),
    Column("simulated", Boolean, nullable=False),
    _count("frames"),
    # below zero where a frame came in this hour that the hour before had counted as lost
    _count("lost"),
    # of these, in gaps of many frames: the device or a gateway was away
    _count("lost_long"),
    _count("repeated"),
    _count("resets"),
    _count("sessions"),
    _count("codec_errors"),
    Column("spreading", JSONB, nullable=False),
    # of each frame's best reception
    Column("rssi_max", REAL),
    Column("rssi_mean", REAL),
    Column("snr_max", REAL),
    Column("snr_mean", REAL),
    Column("battery_mv", Integer),
    Column("battery_percent", REAL),
    # where the frame counter stands at the end of the hour: what the next hour goes on from
    text_column("track"),
    time_column("changed_at", server_default=text("now()")),
    # v1_radio_hour: what others have not seen
    Index("device_health_hour_changed", "changed_at"),
)

device_gateway_hour = Table(
    "device_gateway_hour",
    metadata,
    Column("dev_eui", Text, primary_key=True),
    Column("gateway_id", Text, primary_key=True),
    time_column("hour", primary_key=True),
    _count("frames"),
    Column("rssi_max", REAL),
    Column("rssi_min", REAL),
    Column("rssi_mean", REAL),
    Column("snr_max", REAL),
    Column("snr_min", REAL),
    Column("snr_mean", REAL),
    # which devices a gateway heard lately: GET /v1/gateways, and whether it is silent
    Index("device_gateway_hour_of_gateway", "gateway_id", "hour"),
)

gateway = Table(
    "gateway",
    metadata,
    Column("gateway_id", Text, primary_key=True),
    text_column("source_id"),
    # another network's, behind Packet Broker
    Column("is_foreign", Boolean, nullable=False),
    Column("simulated", Boolean, nullable=False),
    time_column("first_seen"),
    time_column("last_seen"),
    Column("lat", Double),
    Column("lon", Double),
)

# The newest of each device, for lists and alerts.
device_health = Table(
    "device_health",
    metadata,
    Column("dev_eui", Text, primary_key=True),
    time_column("examined_at"),
    Column("heard_hour", DateTime(timezone=True)),
    Column("radio", JSONB, nullable=False, server_default=text("'{}'")),
    Column("battery_at", DateTime(timezone=True)),
    Column("battery_mv", Integer),
    Column("battery_percent", REAL),
    Column("outlook_at", DateTime(timezone=True)),
    Column("mv_per_day", REAL),
    Column("percent_per_day", REAL),
    Column("battery_ends_at", DateTime(timezone=True)),
    Column("withheld", Text),
)
