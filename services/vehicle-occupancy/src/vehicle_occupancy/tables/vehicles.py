# SPDX-License-Identifier: EUPL-1.2
"""Vehicles as configured, what is said of them, and what they are now."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
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

configuration = Table(
    "configuration",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    # grows with every applied change; the running service looks at it every second
    Column("version", BigInteger, nullable=False),
    # levels with their labels, region, time zone
    Column("rules", JSONB, nullable=False, server_default=text("'{}'")),
    CheckConstraint("only_row", name="one_row"),
)

vehicle = Table(
    "vehicle",
    metadata,
    Column("vehicle_id", Text, primary_key=True),
    text_column("kind"),
    # tram, bus, ferry …: GTFS's modes in words
    text_column("mode"),
    count_column("seats"),
    count_column("standing"),
    Column("doors", ARRAY(Text), nullable=False),
    Column("lines", ARRAY(Text), nullable=False),
    # ids of counting systems on board, by which foreign messages name the vehicle
    Column("sensors", ARRAY(Text), nullable=False),
    # how its sensors are to be read
    Column("sensing", JSONB, nullable=False),
    time_column("retired_at", nullable=True),
)

# Counts, radio devices, axle loads, known-empty times: the log that loads are folded from.
reading = Table(
    "reading",
    metadata,
    Column("observed_at", time_column("t").type, primary_key=True),
    Column("event_id", Text, primary_key=True),
    text_column("vehicle_id"),
    # door-count, devices-seen, axle-load
    text_column("kind"),
    text_column("door", nullable=True),
    Column("body", JSONB, nullable=False),
    flag_column("simulated"),
    text_column("corrects", nullable=True),
    text_column("source"),
    Column("uplink_id", Uuid),
    text_column("codec_id", nullable=True),
    Column("codec_version", Integer),
    time_column("received_at"),
    # fold a vehicle anew from a time on
    Index("reading_of_vehicle", "vehicle_id", "observed_at"),
)

position = Table(
    "position",
    metadata,
    Column("observed_at", time_column("t").type, primary_key=True),
    Column("event_id", Text, primary_key=True),
    text_column("vehicle_id"),
    number_column("lat"),
    number_column("lon"),
    number_column("speed_mps", nullable=True),
    number_column("bearing_deg", nullable=True),
    flag_column("simulated"),
    text_column("source"),
    time_column("received_at"),
    # where a vehicle was in a period
    Index("position_of_vehicle", "vehicle_id", "observed_at"),
)

assignment = Table(
    "assignment",
    metadata,
    Column("observed_at", time_column("t").type, primary_key=True),
    Column("event_id", Text, primary_key=True),
    text_column("vehicle_id"),
    text_column("line", nullable=True),
    Column("direction", Integer),
    text_column("trip_id", nullable=True),
    text_column("start_date", nullable=True),
    text_column("stop_id", nullable=True),
    time_column("valid_until", nullable=True),
    flag_column("simulated"),
    text_column("source"),
    time_column("received_at"),
    # false: no timetable of the day has the trip
    Column("trip_known", Boolean, nullable=False, server_default=text("true")),
    # those that a new timetable may know
    Index("assignment_of_unknown_trip", "trip_id", postgresql_where=text("not trip_known")),
    # the newest of a vehicle, and those of a period
    Index("assignment_of_vehicle", "vehicle_id", "observed_at"),
    # who served a trip
    Index("assignment_of_trip", "trip_id", "start_date"),
)

# What is remembered of a vehicle; from there on it is folded anew.
load_checkpoint = Table(
    "load_checkpoint",
    metadata,
    Column("vehicle_id", Text, primary_key=True),
    # after all readings before this time
    Column("until", time_column("t").type, primary_key=True),
    Column("track", JSONB, nullable=False),
)

# What is shown of a vehicle: `vehicle` to everybody, `vehicle-load` to the entitled.
vehicle_state = Table(
    "vehicle_state",
    metadata,
    Column("view", Text, primary_key=True),
    Column("vehicle_id", Text, primary_key=True),
    text_column("line", nullable=True),
    Column("direction", Integer),
    text_column("trip_id", nullable=True),
    text_column("start_date", nullable=True),
    text_column("stop_id", nullable=True),
    count_column("load", nullable=True),
    count_column("load_min", nullable=True),
    count_column("load_max", nullable=True),
    number_column("percentage", nullable=True),
    text_column("level", nullable=True),
    text_column("occupancy_status"),
    number_column("confidence", nullable=True),
    time_column("measured_at", nullable=True),
    time_column("computed_at"),
    time_column("valid_until"),
    flag_column("simulated"),
    # `version` counts what was shown, `published_version` what need not be published any more: the
    # broker acknowledged it, or it was over while it waited; `change_no` orders the changes of all rows
    Column("version", BigInteger, nullable=False),
    Column("published_version", BigInteger, nullable=False, server_default=text("0")),
    Column("change_no", BigInteger, nullable=False),
    # what was told to everybody at which departure
    Column("departure", JSONB(none_as_null=True)),
)

# Messages that could not be accepted, as they came; the same one again is counted.
rejected = Table(
    "rejected",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    text_column("topic"),
    Column("payload", LargeBinary, nullable=False),
    text_column("reason"),
    text_column("detail"),
    time_column("received_at"),
    time_column("last_received_at"),
    Column("times", Integer, nullable=False, server_default=text("1")),
    # newest first
    Index("rejected_by_time", "last_received_at"),
)

catch_up = Table(
    "catch_up",
    metadata,
    Column("view_name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

door_drift = Table(
    "door_drift",
    metadata,
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("vehicle_id", Text, primary_key=True),
    # how often a count was corrected where the vehicle was empty, and by how many persons together
    count_column("corrections"),
    number_column("persons"),
)
