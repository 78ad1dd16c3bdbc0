# SPDX-License-Identifier: EUPL-1.2
"""Devices, what they watched when, and who changed what."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import JSONB

from uplink_decoder.tables.columns import metadata, text_column, time_column


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=text("''"))


# What a list is searched for. The index is used by whoever searches in exactly this.
WORDS = "lower(dev_eui || ' ' || name || ' ' || maker || ' ' || model || ' ' || description)"

# A list of what was written and is not sorted in yet is read by each search: kB.
SHORT_LIST = {"gin_pending_list_limit": 256}

device = Table(
    "device",
    metadata,
    Column("dev_eui", Text, primary_key=True),
    text_column("name"),
    Column("codec_id", Text),
    Column("expected_interval_s", Integer),
    Column("tags", JSONB, nullable=False, server_default=text("'{}'")),
    # who owns it: `city` the folder, `operator`, or `seen` nobody: it sent and nobody knows it
    text_column("origin"),
    time_column("first_seen", server_default=text("now()")),
    Column("last_seen", DateTime(timezone=True)),
    Column("last_source", Text),
    Column("battery_mv", Integer),
    Column("battery_percent", Integer),
    Column("retired_at", DateTime(timezone=True)),
    _words("description"),
    _words("maker"),
    _words("model"),
    Column("lat", Double),
    Column("lon", Double),
    Column("codec_variables", JSONB, nullable=False, server_default=text("'{}'")),
    # the city folder's last apply had a line for it, whoever owns it
    Column("in_folder", Boolean, nullable=False, server_default=text("false")),
    # its newest number in device_change; 0 for one that nobody registered
    Column("change", BigInteger, nullable=False, server_default=text("0")),
    time_column("updated_at", server_default=text("now()")),
    # GET /v1/devices?changed_since
    Index("device_in_order_of_change", "change", postgresql_where=text("change > 0")),
    # GET /v1/devices?codec
    Index("device_by_name_of_codec", "codec_id", "dev_eui"),
    # GET /v1/devices?status=retired
    Index("device_retired", "dev_eui", postgresql_where=text("retired_at is not null")),
    # GET /v1/devices?owner, and ?status=unknown
    Index("device_by_owner", "origin", "dev_eui"),
    # GET /v1/devices?tag
    Index("device_by_tags", "tags", postgresql_using="gin", postgresql_with=SHORT_LIST),
    # GET /v1/devices?text
    Index(
        "device_by_words",
        text(f"({WORDS}) gin_trgm_ops"),
        postgresql_using="gin",
        postgresql_with=SHORT_LIST,
    ),
)

assignment = Table(
    "assignment",
    metadata,
    Column("assignment_id", BigInteger, Identity(always=True), primary_key=True),
    text_column("dev_eui"),
    text_column("asset_kind"),
    text_column("asset_id"),
    time_column("valid_from"),
    Column("valid_to", DateTime(timezone=True)),
    # the one kind of observation that is taken from it; null: all that the asset's kind admits
    Column("observes", Text),
    Column("set_by", Text, nullable=False, server_default=text("'city'")),
    time_column("set_at", server_default=text("now()")),
    Index("assignment_of_device", "dev_eui", "valid_from"),
    # GET /v1/assignments?asset, GET /v1/devices?asset, replay by asset
    Index("assignment_of_asset", "asset_kind", "asset_id", "valid_from"),
    Index("assignment_open", "dev_eui", unique=True, postgresql_where=text("valid_to is null")),
)

device_change = Table(
    "device_change",
    metadata,
    # from the sequence registry_version, taken by one writer after the other
    Column("change", BigInteger, primary_key=True, autoincrement=False),
    text_column("dev_eui"),
    time_column("at", server_default=text("now()")),
    text_column("action"),
    text_column("author"),
    Column("note", Text),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Index("device_change_of_device", "dev_eui", text("change desc")),
    # GET /v1/devices?changed_since: what is gone
    Index("device_deleted", "change", postgresql_where=text("action = 'deleted'")),
)
