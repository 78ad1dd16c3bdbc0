# SPDX-License-Identifier: EUPL-1.2
"""A service refuses a schema that is older than itself."""

from __future__ import annotations

from typing import Any

import asyncpg

from stadttakt_runtime.errors import OperatorError
from stadttakt_runtime.migrations.target import VERSION_TABLE, MigrationTarget


class SchemaTooOldError(OperatorError):
    """The schema lacks revisions that this version of the service needs."""

    @classmethod
    def of(cls, target: MigrationTarget, stand: str) -> SchemaTooOldError:
        """Return the error for a schema in some state, naming the command that helps."""
        return cls(
            f"schema {target.schema}: {stand}; this version needs revision {target.head},"
            f" run: stadttakt migrate {target.schema}"
        )


async def require_schema(connection: Any, target: MigrationTarget) -> None:
    """Raise SchemaTooOldError unless the schema is at this service's head, or beyond.

    A revision this version does not know was made by a newer one: migrations run before a
    rolling update and keep the old version working.
    """
    try:
        current = await connection.fetchval(
            f'select version_num from "{target.schema}".{VERSION_TABLE}'  # noqa: S608 (constants)
        )
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        current = None
    if current == target.head or (current is not None and current not in target.revisions):
        return
    raise SchemaTooOldError.of(target, "no tables yet" if current is None else f"at {current}")
