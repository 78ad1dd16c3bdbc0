# SPDX-License-Identifier: EUPL-1.2
"""Links to the database that stall or carry nothing for good, and sessions that end beneath a cancellation."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import psycopg
import pytest
import uvloop
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from stadttakt_runtime.database import NOTICE_SILENCE, SERVER_LETS_GO, Database
from stadttakt_runtime.leadership import Leadership
from stadttakt_runtime.leadership.leader import TELL_AFTER_S
from support.links import Link, Network
from support.stack import Stack

SCHEMA = "parking"
WITHIN_S = 60
STALLED_S = 3.0


@pytest.fixture
async def database(far_url: str) -> AsyncIterator[Database]:
    async with Database.open(far_url, schema=SCHEMA, size=2) as database:
        yield database


def end(stack: Stack, pid: int) -> None:
    """End a session while the event loop stands still."""
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", [pid])


async def mark(connection: Any) -> None:
    await connection.execute("update leadership set holder = 'marked'")


async def is_marked(database: Database) -> bool:
    return bool(
        await database.persist(lambda c: c.fetchval("select holder = 'marked' from leadership"))
    )


async def test_cancelled_work_ends_though_its_session_ended_first(
    database: Database, stack: Stack
) -> None:
    calls, asks = 0, asyncio.Event()

    async def work(connection: Any) -> None:
        nonlocal calls
        calls += 1
        asks.set()
        try:
            await connection.execute("select pg_sleep(600)")
        except asyncio.CancelledError:
            end(stack, connection.get_server_pid())
            raise

    working = asyncio.ensure_future(database.persist(work))
    await asks.wait()
    await asyncio.sleep(0.1)
    working.cancel()
    await asyncio.wait([working], timeout=10)
    assert working.cancelled()
    assert calls == 1


async def test_cancelled_leader_ends_though_its_session_ended_first(
    database: Database, far_url: str, stack: Stack
) -> None:
    leadership = Leadership(database, far_url)
    await leadership.acquire()
    # A table that is locked keeps the leader asking in the middle of its transaction.
    url = make_url(stack.postgres.admin_url).set(database=make_url(far_url).database)
    with psycopg.connect(url.render_as_string(hide_password=False)) as blocking:
        blocking.execute(f"lock table {SCHEMA}.leadership in access exclusive mode")
        await leadership.release()
        holding = asyncio.ensure_future(leadership.hold(asyncio.Event()))
        pid = await waiting_for(stack, database.application_name)
        holding.cancel()
        asyncio.get_running_loop().call_soon(end, stack, pid)
        await asyncio.wait([holding], timeout=10)
        assert holding.cancelled()


async def waiting_for(stack: Stack, application_name: str) -> int:
    """Return the session of an application that waits for a lock, once one does."""
    query = (
        "select pid from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(WITHIN_S):
        while True:
            with psycopg.connect(stack.postgres.admin_url, autocommit=True) as admin:
                found = admin.execute(query, [application_name]).fetchone()
            if found is not None:
                return int(found[0])
            await asyncio.sleep(0.05)


async def before_it(fail: Callable[[], None], connection: Any) -> None:
    fail()
    await mark(connection)


async def before_the_commit(fail: Callable[[], None], connection: Any) -> None:
    await mark(connection)
    fail()


async def while_it_lasts(fail: Callable[[], None], connection: Any) -> None:
    await mark(connection)
    asyncio.get_running_loop().call_later(0.2, fail)
    await connection.execute("select pg_sleep(0.5)")


async def while_it_is_given_up(fail: Callable[[], None], connection: Any) -> None:
    await mark(connection)
    asyncio.get_running_loop().call_later(0.2, fail)
    await connection.execute("select pg_sleep(600)", timeout=0.4)


@pytest.mark.parametrize(
    "phase", [before_it, before_the_commit, while_it_lasts, while_it_is_given_up]
)
async def test_leader_goes_on_writing_after_its_link_stalled(
    database: Database, far_url: str, network: Network, link: Link, phase: Any
) -> None:
    calls, stop, loop = 0, asyncio.Event(), asyncio.get_running_loop()
    leadership = Leadership(database, far_url)
    await leadership.acquire()

    def stall() -> None:
        network.do(partial(link.turn, "stalled"))
        loop.call_later(STALLED_S, lambda: network.do(partial(link.turn, "open")))

    async def work(connection: Any) -> None:
        nonlocal calls
        calls += 1
        await (phase(stall, connection) if calls == 1 else mark(connection))

    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
        group.create_task(leadership.hold(stop))
        await database.guarded(leadership.fence).persist(work)
        stop.set()
    assert await is_marked(database)
    await leadership.release()


async def test_work_is_done_on_another_connection_where_one_carries_nothing_any_more(
    database: Database, network: Network, link: Link
) -> None:
    calls = 0

    async def work(connection: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            network.do(link.forget)
        await connection.execute("update leadership set holder = 'marked'", timeout=0.5)

    await asyncio.wait_for(database.persist(work), WITHIN_S)
    assert calls == 2
    assert await is_marked(database)


async def test_connection_that_carries_nothing_is_not_waited_for_when_it_is_given_back(
    database: Database, network: Network, link: Link
) -> None:
    async def read() -> None:
        async with database.connection() as connection:
            await mark(connection)
            network.do(link.forget)

    await asyncio.wait_for(read(), WITHIN_S)
    assert await is_marked(database)


async def test_database_that_says_nothing_is_soon_called_away(
    database: Database, network: Network, link: Link
) -> None:
    assert await database.is_reachable()
    network.do(partial(link.turn, "stalled"))
    assert not await asyncio.wait_for(database.is_reachable(), WITHIN_S)
    network.do(partial(link.turn, "open"))
    assert await database.is_reachable()


def test_kernel_breaks_connections_whose_other_end_is_silent(database_url: str) -> None:
    async def options() -> list[int]:
        async with (
            Database.open(database_url, schema=SCHEMA) as database,
            database.connection() as connection,
        ):
            end: socket.socket = connection._transport.get_extra_info("socket")
            return [end.getsockopt(level, name) for level, name, _ in NOTICE_SILENCE]

    # as services run
    assert uvloop.run(options()) == [value for *_, value in NOTICE_SILENCE]


async def test_locks_of_a_lost_connection_do_not_stay_at_the_server(
    far_url: str, network: Network, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "300ms")
    calls = 0

    async def work(connection: Any) -> None:
        nonlocal calls
        calls += 1
        await connection.execute("lock table leadership")
        if calls == 1:
            network.do(link.forget)
            await connection.execute("select 1", timeout=0.5)
        await mark(connection)

    async with Database.open(far_url, schema=SCHEMA, size=2) as database:
        await asyncio.wait_for(database.persist(work), WITHIN_S)
        assert calls == 2
        assert await is_marked(database)


async def test_transaction_that_was_silent_for_too_long_is_tried_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "100ms")
    calls = 0

    async def work(connection: Any) -> None:
        nonlocal calls
        calls += 1
        await mark(connection)
        await asyncio.sleep(0.5 if calls == 1 else 0)

    async with Database.open(database_url, schema=SCHEMA, size=2) as database:
        await asyncio.wait_for(database.persist(work), WITHIN_S)
        assert calls == 2
        assert await is_marked(database)


async def test_server_breaks_connections_whose_service_is_silent(database: Database) -> None:
    async def shown(connection: Any) -> dict[str, str]:
        return {name: await connection.fetchval(f"show {name}") for name in SERVER_LETS_GO}

    told = await database.read(shown)
    assert told.pop("idle_in_transaction_session_timeout") == "1min"
    assert told == {name: SERVER_LETS_GO[name] for name in told}


async def test_leader_tells_that_it_waits_for_its_lead_and_that_it_has_it(
    database: Database, far_url: str, network: Network, link: Link
) -> None:
    leadership, stop = Leadership(database, far_url), asyncio.Event()
    await leadership.acquire()
    with capture_logs() as logs:
        async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
            group.create_task(leadership.hold(stop))
            network.do(partial(link.turn, "cut"))
            await told(logs, "lead_not_regained", times=2)
            network.do(partial(link.turn, "open"))
            await told(logs, "lead_regained", times=1)
            stop.set()
    first, second, *_ = (each for each in logs if each["event"] == "lead_not_regained")
    assert second["seconds"] >= 2 * TELL_AFTER_S > first["seconds"]
    await leadership.release()


async def told(logs: Sequence[Mapping[str, Any]], event: str, *, times: int) -> None:
    while sum(each["event"] == event for each in logs) < times:  # noqa: ASYNC110 (logs have no event)
        await asyncio.sleep(0.05)
