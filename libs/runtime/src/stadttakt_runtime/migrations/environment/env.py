# SPDX-License-Identifier: EUPL-1.2
"""Alembic's environment, shared by all services: runs as the schema's role inside its schema."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection

from stadttakt_runtime.migrations.target import VERSION_TABLE, MigrationTarget

target: MigrationTarget = context.config.attributes["target"]
connection: Connection = context.config.attributes["connection"]


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Tell whether Alembic shall compare this; other schemas belong to other services."""
    return kind != "schema" or name == target.schema


context.configure(
    connection=connection,
    target_metadata=target.metadata,
    version_table=VERSION_TABLE,
    version_table_schema=target.schema,
    include_schemas=True,
    include_name=is_ours,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
