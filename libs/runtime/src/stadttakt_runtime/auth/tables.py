# SPDX-License-Identifier: EUPL-1.2
"""The tables of schema `platform`, which belongs to no service."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

metadata = MetaData(schema="platform")

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("label", Text, nullable=False),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
    ),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
    # as whoever typed says, else the name of their account on that machine
    Column("created_by", Text),
    Column("revoked_by", Text),
    CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_is_sha256"),
    CheckConstraint("cardinality(scopes) > 0", name="some_scope"),
)

idempotency = Table(
    "idempotency",
    metadata,
    # the role of the service; a row is another service's business only to look away from
    Column("service", Text, primary_key=True),
    # hash of caller, method, path and Idempotency-Key
    Column("caller_key", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    # null only inside the transaction that creates
    Column("status", SmallInteger),
    # sealed, under a key that only a repetition brings
    Column("body", LargeBinary),
    Column("location", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # the forgetting
    Index("idempotency_by_age", "created_at"),
)

# a login at pages that was ended before its time; whose it was is not told
ended_login = Table(
    "ended_login",
    metadata,
    Column("login_id", LargeBinary, primary_key=True),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    # the forgetting
    Index("ended_login_by_age", "ends_at"),
)
