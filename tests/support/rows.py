# SPDX-License-Identifier: EUPL-1.2
"""Every row that the registry keeps, as text, to look for what must not be there."""

from __future__ import annotations

import asyncio

import psycopg


async def dump(database_url: str) -> dict[str, str]:
    """Return every row of every table of the registry and the platform, as text, by table."""
    return await asyncio.to_thread(_dump, database_url)


def _dump(database_url: str) -> dict[str, str]:
    found = {}
    with psycopg.connect(database_url.replace("postgresql+psycopg", "postgresql")) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema in ('registry', 'platform')"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(f"select t::text from {schema}.{table} t").fetchall()
            found[f"{schema}.{table}"] = "\n".join(str(row[0]) for row in rows)
    return found
