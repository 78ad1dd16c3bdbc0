# SPDX-License-Identifier: EUPL-1.2
"""What came in and what was published of it."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, REAL

from uplink_decoder.tables.columns import metadata, text_column, time_column

uplink_identity = Table(
    "uplink_identity",
    metadata,
    # hash of source, device and identity of the frame: what makes a delivery a duplicate
    Column("uplink_id", Uuid, primary_key=True),
    time_column("received_at"),
    # the pruning
    Index("uplink_identity_by_age", "received_at", postgresql_using="brin"),
)

# Hypertables, by observation time. A repeated delivery computes the same one, since its identity
# remembers when it was first received (docs/decisions/0004).
uplink = Table(
    "uplink",
    metadata,
    time_column("observed_at", primary_key=True),
    Column("uplink_id", Uuid, primary_key=True),
    text_column("source_id"),
    text_column("dev_eui"),
    time_column("received_at"),
    text_column("time_source"),
    Column("f_cnt", BigInteger, nullable=False),
    Column("f_port", SmallInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    # null is empty: encoding an array takes as long as all other columns together
    Column("flags", ARRAY(Text)),
    Column("simulated", Boolean, nullable=False),
    Column("codec_id", Text),
    Column("codec_version", Integer),
    Column("decoded", JSONB),
    Column("warnings", ARRAY(Text)),
    Column("errors", ARRAY(Text)),
    Column("battery_mv", Integer),
    Column("battery_percent", REAL),
    # for the list of a device's uplinks
    Index("uplink_of_device", "dev_eui", text("received_at desc")),
    # what becomes readable when a device is registered late
    Index(
        "uplink_left_undecoded",
        "dev_eui",
        "observed_at",
        postgresql_where=text("flags && '{unknown_device,no_codec,unknown_codec,no_asset}'"),
    ),
)

device_event = Table(
    "device_event",
    metadata,
    time_column("observed_at", primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    text_column("source_id"),
    text_column("dev_eui"),
    time_column("received_at"),
    text_column("kind"),
    Column("code", Text),
    Column("raw", LargeBinary, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Index("device_event_of_device", "dev_eui", text("received_at desc")),
)

canonical_event = Table(
    "canonical_event",
    metadata,
    time_column("observed_at", primary_key=True),
    # hash of our source and the event's own source and id
    Column("identity", Uuid, primary_key=True),
    text_column("source_id"),
    text_column("event_source"),
    text_column("event_id"),
    text_column("kind"),
    # hash of what it says: the same id with other content is no repetition
    Column("content", Uuid, nullable=False),
    time_column("received_at"),
    Column("raw", LargeBinary, nullable=False),
    Column("simulated", Boolean, nullable=False),
    # what a repeated id said at first
    Index("canonical_event_by_identity", "identity"),
    # what a source sent, the newest first
    Index("canonical_event_of_source", "source_id", text("received_at desc")),
)

observation = Table(
    "observation",
    metadata,
    time_column("observed_at", primary_key=True),
    # consumers keep it as high-water mark and fetch what they missed
    Column("seq", BigInteger, primary_key=True),
    text_column("event_id"),
    Column("uplink_id", Uuid, nullable=False),
    text_column("kind"),
    text_column("topic"),
    text_column("source_id"),
    text_column("subject"),
    text_column("asset_id"),
    text_column("dev_eui"),
    time_column("received_at"),
    Column("simulated", Boolean, nullable=False),
    text_column("writer"),
    Column("data", JSONB, nullable=False),
    # true where it is not the uplink's time: a replay finds the others by their key
    Column("own_time", Boolean),
    # a replay's correction: the event it replaces, and there what replaced it (0029)
    Column("corrects", Text),
    Column("superseded_at", DateTime(timezone=True)),
    Column("superseded_by", Text),
    Index("observation_with_own_time", "uplink_id", postgresql_where=text("own_time")),
    # v1_observation: what was superseded since a reader looked last
    Index(
        "observation_superseded",
        "superseded_at",
        postgresql_where=text("superseded_at is not null"),
    ),
    # v1_observation by sequence; the publish sweep at start
    Index("observation_in_sequence", "seq"),
)

publish_mark = Table(
    "publish_mark",
    metadata,
    # a decoder instance and the last sequence whose publish the broker acknowledged
    Column("writer", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    # still true at the next start: the process died
    Column("running", Boolean, nullable=False, server_default=text("false")),
)
