# SPDX-License-Identifier: EUPL-1.2
"""How the decoder's commands reach the database: one event loop and one pool a command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from stadttakt_runtime.commands.output import fail, one_line
from stadttakt_runtime.database import Database

T = TypeVar("T")
BY = "command_line"
"""Who wrote, in the rows that a command writes: whoever holds the database's password."""


def with_database(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with the decoder's schema; a database that is away is one line and exit 1."""

    async def opened() -> T:
        # The pool waits for a server that is away; a person wants to be told.
        await (await asyncpg.connect(url, timeout=10)).close()
        async with Database.open(url, schema="uplink", size=2) as database:
            return await work(database)

    with one_line(asyncpg.PostgresError, asyncpg.InterfaceError):
        try:
            return asyncio.run(opened())
        except (asyncpg.InvalidParameterValueError, asyncpg.UndefinedTableError) as error:
            raise fail("the database has no decoder yet; run: stadttakt migrate") from error
        except (ConnectionError, TimeoutError) as error:
            raise fail(f"the database does not answer: {error}") from error
