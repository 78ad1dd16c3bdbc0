# SPDX-License-Identifier: EUPL-1.2
"""Acceptance tests: what was counted, and the report as it was made."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, LargeBinary, Table
from sqlalchemy.dialects.postgresql import JSONB

from vehicle_occupancy.tables.schema import metadata, text_column, time_column

acceptance_test = Table(
    "acceptance_test",
    metadata,
    # GET /v1/acceptance-tests lists the newest first along this key
    Column("acceptance_id", BigInteger, Identity(always=True), primary_key=True),
    time_column("tested_at"),
    # the key or subject, no name
    text_column("author"),
    text_column("label"),
    Column("report", JSONB, nullable=False),
    # the file as it was delivered, so that the report can be made again
    Column("counts", LargeBinary, nullable=False),
)
