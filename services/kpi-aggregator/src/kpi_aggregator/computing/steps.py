# SPDX-License-Identifier: EUPL-1.2
"""How a computation is done in steps: each its own transaction, or all in one that is undone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from stadttakt_runtime.database import Database

T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]


class Steps:
    """Runs steps; a rehearsal runs them on one connection, whose transaction is rolled back."""

    def __init__(self, database: Database, rehearsal: Any = None) -> None:
        self._database = database
        self._rehearsal = rehearsal

    async def run(self, work: Work[T]) -> T:
        """Run a step, which takes a connection and is idempotent."""
        if self._rehearsal is not None:
            return await work(self._rehearsal)
        return await self._database.persist(work)


@asynccontextmanager
async def steps_of(database: Database, *, dry_run: bool) -> AsyncIterator[Steps]:
    """Give the steps of one computation; of a dry run nothing is kept."""
    if not dry_run:
        yield Steps(database)
        return
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield Steps(database, connection)
        finally:
            await transaction.rollback()
