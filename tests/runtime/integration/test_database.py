# SPDX-License-Identifier: EUPL-1.2
"""The pool on a real server: its role, its transactions, and a server that is killed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from kpi_aggregator.migrations import MIGRATIONS
from stadttakt_runtime.clock import Clock
from stadttakt_runtime.database import CLOCK_STEPS, Database, is_about_the_data
from stadttakt_runtime.migrations.platform import PLATFORM
from stadttakt_runtime.migrations.upgrade import migrate
from support.stack import Stack, fresh_stack

TABLE = """
create table note (
    id integer primary key,
    text varchar(5) not null check (text <> 'bad')
)
"""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Open a database as the KPI aggregator and give it a table."""
    async with Database.open(url, schema="kpi", size=3) as database:
        async with database.connection() as connection:
            await connection.execute(TABLE)
        yield database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """A stack whose database runs, migrated, and may be killed."""
    with fresh_stack() as stack:
        stack.postgres.start()
        stack.postgres.wait_ready()
        migrate(stack.postgres.url, [PLATFORM, MIGRATIONS])
        yield stack


async def insert(connection: Any, number: int, text: str = "x") -> int:
    await connection.execute("insert into note values ($1, $2)", number, text)
    return number


async def numbers(database: Database) -> list[int]:
    async with database.connection() as connection:
        return [row["id"] for row in await connection.fetch("select id from note order by id")]


def restart(stack: Stack) -> None:
    stack.postgres.start()
    stack.postgres.wait_ready()


async def test_every_connection_acts_as_the_service_in_its_schema(database: Database) -> None:
    query = (
        "select current_user, current_schema(), current_setting('TimeZone'),"
        " current_setting('application_name')"
    )
    async with database.connection() as one, database.connection() as two:
        for connection in (one, two):
            row = await connection.fetchrow(query)
            assert tuple(row) == ("kpi", "kpi", "UTC", database.application_name)


async def test_what_somebody_set_on_a_connection_does_not_stay(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("set search_path to public")
        pid = connection.get_server_pid()
    async with database.connection() as connection:
        assert connection.get_server_pid() == pid
        row = await connection.fetchrow("select current_user, current_schema()")
        assert tuple(row) == ("kpi", "kpi")


async def test_role_may_not_read_another_services_tables(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from uplink.uplink")


async def test_transaction_is_committed_on_leaving_and_undone_by_an_error(
    database: Database,
) -> None:
    async with database.transaction() as connection:
        await insert(connection, 1)

    async def fails_in_the_middle() -> None:
        async with database.transaction() as connection:
            await insert(connection, 2)
            await insert(connection, 1)

    with pytest.raises(asyncpg.UniqueViolationError):
        await fails_in_the_middle()
    assert await numbers(database) == [1]


@pytest.mark.parametrize(
    ("work", "state", "data"),
    [
        (lambda c: insert(c, 1, "bad"), "23514", True),
        (lambda c: insert(c, 1, "longer than five"), "22001", True),
        (lambda c: insert(c, 2**31), None, False),
        (lambda c: c.execute("insert into note values (1, null)"), "23502", True),
        (lambda c: c.execute("select 1/0"), "22012", True),
        (lambda c: c.execute("select '\\u0000'::jsonb::text from (select) x"), None, False),
        (lambda c: c.execute("select * from nowhere"), "42P01", False),
        (lambda c: c.execute("selec"), "42601", False),
    ],
)
async def test_error_about_data_or_statement_is_raised_at_once(
    database: Database, work: Any, state: str | None, *, data: bool
) -> None:
    calls = 0

    async def counted(connection: Any) -> None:
        nonlocal calls
        calls += 1
        await work(connection)

    with pytest.raises((asyncpg.PostgresError, asyncpg.DataError)) as raised:
        await asyncio.wait_for(database.persist(counted), 5)
    assert calls == 1
    assert state is None or raised.value.sqlstate == state
    assert is_about_the_data(raised.value) is data or state is None
    assert await numbers(database) == []


async def test_row_that_is_there_already_is_an_error_about_the_data(database: Database) -> None:
    assert await database.persist(lambda c: insert(c, 1)) == 1
    with pytest.raises(asyncpg.UniqueViolationError) as raised:
        await database.persist(lambda c: insert(c, 1))
    assert is_about_the_data(raised.value)


async def test_deadlock_is_tried_again_until_both_are_through(database: Database) -> None:
    await database.persist(lambda c: insert(c, 1))
    await database.persist(lambda c: insert(c, 2))
    met = asyncio.Barrier(2)
    waits = [True, True]

    async def both(connection: Any, index: int, order: tuple[int, int]) -> None:
        await connection.execute("update note set text = 'y' where id = $1", order[0])
        if waits[index]:
            waits[index] = False
            await met.wait()
        await connection.execute("update note set text = 'z' where id = $1", order[1])

    with capture_logs() as logs:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(database.persist(lambda c: both(c, 0, (1, 2))))
            group.create_task(database.persist(lambda c: both(c, 1, (2, 1))))
    assert any("DeadlockDetected" in entry["error"] for entry in logs)


async def test_work_is_repeated_over_a_killed_server_until_it_is_committed_once(
    own_stack: Stack,
) -> None:
    async with opened(own_stack.postgres.url) as database:
        calls = 0

        async def work(connection: Any) -> int:
            nonlocal calls
            calls += 1
            await connection.execute("insert into note values (7, 'x') on conflict do nothing")
            if calls == 1:
                # In the middle of the transaction.
                await asyncio.to_thread(own_stack.postgres.kill)
            await connection.execute("insert into note values (8, 'x') on conflict do nothing")
            return 8

        with capture_logs() as logs:
            persisting = asyncio.ensure_future(database.persist(work))
            await asyncio.sleep(3)
            assert not persisting.done()
            assert await database.is_reachable() is False
            await asyncio.to_thread(restart, own_stack)
            assert await asyncio.wait_for(persisting, 30) == 8
        assert calls >= 2
        assert await numbers(database) == [7, 8]
        assert await database.is_reachable() is True
        assert {entry["event"] for entry in logs} == {"database_away"}


async def test_a_step_of_both_clocks_is_counted_and_logged(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the host's does, of which the database's is the same one."""
    set_by_s = [0.0]
    own = Clock(ticks=lambda: monotonic() - set_by_s[0])
    monkeypatch.setattr("stadttakt_runtime.database.CLOCK", own)
    monkeypatch.setattr("stadttakt_runtime.database.monotonic", lambda: monotonic() - set_by_s[0])
    before = CLOCK_STEPS._value.get()
    with capture_logs() as logs:
        for set_by in (0.0, 0.0, 90.0, 90.0):
            set_by_s[0] = set_by
            assert await database.is_reachable()
    assert CLOCK_STEPS._value.get() - before == 1
    (entry,) = logs
    assert (entry["event"], entry["by_s"]) == ("clock_stepped", pytest.approx(90, abs=2))


async def test_service_that_starts_before_its_database_waits_for_it(own_stack: Stack) -> None:
    own_stack.postgres.kill()

    async def start() -> str:
        async with (
            Database.open(own_stack.postgres.url, schema="kpi") as database,
            database.connection() as connection,
        ):
            user: str = await connection.fetchval("select current_user")
            return user

    starting = asyncio.ensure_future(start())
    await asyncio.sleep(1)
    assert not starting.done()
    await asyncio.to_thread(restart, own_stack)
    assert await asyncio.wait_for(starting, 30) == "kpi"
