# SPDX-License-Identifier: EUPL-1.2
"""The only table that knows who submitted an idea, and what says of them is enciphered."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text

from measure_registry.tables.metadata import document_column, metadata, text_column, time_column

contact = Table(
    "contact",
    metadata,
    Column("idea_id", Text, ForeignKey("registry.idea.idea_id"), primary_key=True),
    # AES-GCM, bound to the idea; nonce first
    Column("sealed", LargeBinary, nullable=False),
    text_column("key_id"),
    # a keyed hash of the e-mail address, by which a request for erasure finds its rows
    Column("address_hash", LargeBinary),
    text_column("language"),
    document_column("purpose"),
    text_column("legal_basis"),
    time_column("recorded_at"),
    # requests for access and erasure
    Index("contact_by_address", "address_hash"),
)
