"""The tables of schema `uplink`; only `storage` and the migrations import them."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="uplink")


def _time(name: str, **options: object) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, **options)  # type: ignore[arg-type]


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


device = Table(
    "device",
    metadata,
    Column("dev_eui", Text, primary_key=True),
    _text("name"),
    Column("codec_id", Text),
    Column("expected_interval_s", Integer),
    Column("tags", JSONB, nullable=False, server_default=text("'{}'")),
    # `city` from the city folder, or `seen` when it sent and nobody knows it
    _text("origin"),
    _time("first_seen", server_default=text("now()")),
    Column("last_seen", DateTime(timezone=True)),
    Column("last_source", Text),
    Column("battery_mv", Integer),
    Column("battery_percent", Integer),
    Column("retired_at", DateTime(timezone=True)),
)

assignment = Table(
    "assignment",
    metadata,
    Column("assignment_id", BigInteger, Identity(always=True), primary_key=True),
    _text("dev_eui"),
    _text("asset_kind"),
    _text("asset_id"),
    _time("valid_from"),
    Column("valid_to", DateTime(timezone=True)),
    Index("assignment_of_device", "dev_eui", "valid_from"),
)

uplink_identity = Table(
    "uplink_identity",
    metadata,
    # hash of source, device and identity of the frame: what makes a delivery a duplicate
    Column("uplink_id", Uuid, primary_key=True),
    _time("received_at"),
    # the pruning
    Index("uplink_identity_by_age", "received_at", postgresql_using="brin"),
)

# Hypertables, by observation time. A repeated delivery computes the same one, since its identity
# remembers when it was first received (docs/decisions/0004).
uplink = Table(
    "uplink",
    metadata,
    _time("observed_at", primary_key=True),
    Column("uplink_id", Uuid, primary_key=True),
    _text("source_id"),
    _text("dev_eui"),
    _time("received_at"),
    _text("time_source"),
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
    # for the list of a device's uplinks
    Index("uplink_of_device", "dev_eui", text("received_at desc")),
)

device_event = Table(
    "device_event",
    metadata,
    _time("observed_at", primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    _text("source_id"),
    _text("dev_eui"),
    _time("received_at"),
    _text("kind"),
    Column("code", Text),
    Column("raw", LargeBinary, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Index("device_event_of_device", "dev_eui", text("received_at desc")),
)

observation = Table(
    "observation",
    metadata,
    _time("observed_at", primary_key=True),
    # consumers keep it as high-water mark and fetch what they missed
    Column("seq", BigInteger, primary_key=True),
    _text("event_id"),
    Column("uplink_id", Uuid, nullable=False),
    _text("kind"),
    _text("topic"),
    _text("source_id"),
    _text("subject"),
    _text("asset_id"),
    _text("dev_eui"),
    _time("received_at"),
    Column("simulated", Boolean, nullable=False),
    _text("writer"),
    Column("data", JSONB, nullable=False),
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

quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", Uuid, primary_key=True),
    _time("received_at"),
    _time("last_received_at"),
    Column("times", Integer, nullable=False, server_default=text("1")),
    _text("source_id"),
    _text("topic"),
    Column("payload", LargeBinary, nullable=False),
    _text("reason"),
    _text("detail"),
    Column("dev_eui", Text),
    Column("uplink_id", Uuid),
    Column("codec_id", Text),
    Column("codec_version", Integer),
    # GET /v1/quarantine
    Index("quarantine_newest", text("last_received_at desc"), "quarantine_id"),
)

suspect = Table(
    "suspect",
    metadata,
    # fingerprint of a message that was in flight when a process died
    Column("fingerprint", Uuid, primary_key=True),
    Column("deaths", SmallInteger, nullable=False),
    _time("first_seen", server_default=text("now()")),
)
