# SPDX-License-Identifier: EUPL-1.2
"""What gates counted, and what was made of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parking_occupancy.tables.schema import (
    count_column,
    flag_column,
    metadata,
    text_column,
    time_column,
)

# Hypertable by observation time: every accepted count of a gate.
gate_event = Table(
    "gate_event",
    metadata,
    Column("observed_at", DateTime(timezone=True), primary_key=True),
    Column("event_id", Text, primary_key=True),
    text_column("lot_id"),
    text_column("gate"),
    text_column("mode"),
    Column("count_in", BigInteger, nullable=False),
    Column("count_out", BigInteger, nullable=False),
    # what the gate's own controller says is in the lot
    Column("inside", BigInteger),
    flag_column("simulated"),
    # the id of the message of the same time that this one takes the place of
    Column("corrects", Text),
    text_column("source"),
    Column("uplink_id", Uuid),
    Column("codec_id", Text),
    Column("codec_version", Integer),
    time_column("received_at"),
    # counting anew after a late message, and history
    Index("gate_event_of_lot", "lot_id", "observed_at"),
)

# What says how many vehicles are in a lot, beside its gates: resets and evidence.
count_anchor = Table(
    "count_anchor",
    metadata,
    Column("lot_id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("anchor_id", Text, primary_key=True),
    text_column("cause"),
    count_column("lowest"),
    count_column("highest"),
)

# By how much a count was moved and why; written anew where a late message changes it.
count_correction = Table(
    "count_correction",
    metadata,
    Column("lot_id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    # the event or anchor that showed it
    Column("ref", Text, primary_key=True),
    Column("cause", Text, primary_key=True),
    count_column("amount"),
    Column("gate", Text),
    flag_column("simulated"),
    # not so where the count had gone on from an estimate, or there is no gate
    Column("drift", Boolean, nullable=False, server_default=text("true")),
)

count_state = Table(
    "count_state",
    metadata,
    Column("lot_id", Text, primary_key=True),
    Column("balance", JSONB, nullable=False),
)

count_checkpoint = Table(
    "count_checkpoint",
    metadata,
    # the balance after all that was before a full hour, or 20 s of the last one; counting anew begins there
    Column("lot_id", Text, primary_key=True),
    Column("until", DateTime(timezone=True), primary_key=True),
    Column("balance", JSONB, nullable=False),
)
