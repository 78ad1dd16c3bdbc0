# SPDX-License-Identifier: EUPL-1.2
"""Transactions that compute, or wait for others, for longer than the server lets one be silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from stadttakt_runtime.awake import awake
from stadttakt_runtime.database import AWAY, MISUSE, SERVER_LETS_GO, Database
from support.stack import Stack

SCHEMA = "parking"
WITHIN_S = 60


@pytest.fixture
async def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The database, whose server bears a silence of a second."""
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "1s")
    monkeypatch.setattr("stadttakt_runtime.awake.SPEAK_EVERY_S", 0.05)
    async with Database.open(database_url, schema=SCHEMA, size=2) as database:
        yield database


async def test_what_computes_in_a_thread_is_not_cut_off(database: Database) -> None:
    calls = 0

    async def work(connection: Any) -> str:
        nonlocal calls
        calls += 1
        await connection.execute("lock table leadership")
        await awake(connection, asyncio.to_thread(time.sleep, 2.5))
        return str(await connection.fetchval("select 'done'"))

    assert await asyncio.wait_for(database.persist(work), WITHIN_S) == "done"
    assert calls == 1


async def test_others_that_use_the_connection_meanwhile_take_turns_with_it(
    database: Database,
) -> None:
    turn = asyncio.Lock()

    async def work(connection: Any) -> int:
        async def asks() -> int:
            found = 0
            for _ in range(20):
                async with turn:
                    found += await connection.fetchval("select 1 from pg_sleep(0.03)")
            await asyncio.sleep(1.5)
            return found

        return await awake(connection, asks(), turn)

    assert await asyncio.wait_for(database.persist(work), WITHIN_S) == 20


def end(stack: Stack, pid: int) -> None:
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", [pid])


async def test_what_computes_ends_with_its_session(database: Database, stack: Stack) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def computes() -> None:
        begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()

    async with database.connection() as connection:
        await connection.execute("begin")
        working = asyncio.ensure_future(awake(connection, computes()))
        await begun.wait()
        await asyncio.to_thread(end, stack, connection.get_server_pid())
        with pytest.raises((*AWAY, *MISUSE)):
            await asyncio.wait_for(working, WITHIN_S)
    assert ended.is_set()


async def test_an_error_of_what_computes_is_told(database: Database) -> None:
    async def fails() -> None:
        raise ZeroDivisionError

    async with database.transaction() as connection:
        with pytest.raises(ZeroDivisionError):
            await awake(connection, fails())
