# SPDX-License-Identifier: EUPL-1.2
"""Which trips vehicles served, and what happened at each of their stops."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from vehicle_occupancy.tables.schema import (
    count_column,
    flag_column,
    metadata,
    number_column,
    text_column,
    time_column,
)

served_trip = Table(
    "served_trip",
    metadata,
    Column("vehicle_id", Text, primary_key=True),
    Column("begun_at", time_column("t").type, primary_key=True),
    time_column("ended_at"),
    text_column("start_date"),
    text_column("trip_id"),
    # assignment, position
    text_column("served_by"),
    flag_column("simulated"),
)

stop_visit = Table(
    "stop_visit",
    metadata,
    Column("start_date", Text, primary_key=True),
    Column("trip_id", Text, primary_key=True),
    Column("vehicle_id", Text, primary_key=True),
    Column("call_index", Integer, primary_key=True, autoincrement=False),
    count_column("version_id"),
    text_column("line"),
    count_column("direction"),
    text_column("stop_id"),
    time_column("arrived_at"),
    time_column("departed_at"),
    # as doors counted; null: nothing was heard of a door
    count_column("boarded", nullable=True),
    count_column("alighted", nullable=True),
    # on departure
    count_column("load", nullable=True),
    count_column("load_min", nullable=True),
    count_column("load_max", nullable=True),
    number_column("percentage", nullable=True),
    text_column("level", nullable=True),
    text_column("occupancy_status"),
    number_column("confidence", nullable=True),
    count_column("places"),
    # what everybody may know: the first word holds
    text_column("public_level", nullable=True),
    Column("is_told", Boolean, nullable=False),
    # once the trip is over: its stops as they add up
    number_column("boarded_reconciled", nullable=True),
    number_column("alighted_reconciled", nullable=True),
    number_column("load_reconciled", nullable=True),
    # what tells the times: position, assignment, planned
    text_column("timing"),
    text_column("served_by"),
    flag_column("simulated"),
    time_column("computed_at"),
    # those of a vehicle since a time are made anew
    Index("stop_visit_of_vehicle", "vehicle_id", "arrived_at"),
    # what was driven in a period, for forecasts
    Index("stop_visit_of_line", "line", "direction", "arrived_at"),
)

# Vehicles of which something came that was not counted yet.
visit_dirty = Table(
    "visit_dirty",
    metadata,
    Column("vehicle_id", Text, primary_key=True),
    time_column("since"),
    Column("marks", BigInteger, nullable=False, server_default=text("1")),
)

visit_progress = Table(
    "visit_progress",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    # up to here stops are counted; what is said of a time before marks its vehicle
    time_column("counted_until"),
    CheckConstraint("only_row", name="one_row"),
)
