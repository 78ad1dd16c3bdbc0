# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from stadttakt_runtime.database import Database
from stadttakt_runtime.leadership import Leadership, LeadershipLostError
from stadttakt_runtime.leadership.leader import HUNG_AFTER_S
from stadttakt_runtime.migrations.logins import ensure_logins

SCHEMA = "parking"
END = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1"


class Instance:
    """One instance of a service, as far as leading goes."""

    def __init__(self, database: Database, url: str) -> None:
        self.leadership = Leadership(database, url)
        self.database = database.guarded(self.leadership.fence)

    async def write(self) -> None:
        await self.database.persist(lambda c: c.execute("select 1"))


@asynccontextmanager
async def instance(url: str) -> AsyncIterator[Instance]:
    async with Database.open(url, schema=SCHEMA, size=2) as database:
        made = Instance(database, url)
        yield made
        await made.leadership.release()


async def end_sessions(url: str, application_name: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(END, application_name)
    await connection.close()


async def test_standby_leads_when_the_leader_lets_go(database_url: str) -> None:
    async with instance(database_url) as first, instance(database_url) as second:
        await first.leadership.acquire()
        waiting = asyncio.create_task(second.leadership.acquire())
        await asyncio.sleep(1.2)
        assert not waiting.done()
        await first.leadership.release()
        await asyncio.wait_for(waiting, 5)
        assert (first.leadership.epoch, second.leadership.epoch) == (1, 2)


async def test_former_leader_cannot_write(database_url: str) -> None:
    async with instance(database_url) as first, instance(database_url) as second:
        await first.leadership.acquire()
        await first.write()
        await first.leadership.release()
        await second.leadership.acquire()
        with pytest.raises(LeadershipLostError):
            await first.write()
        await second.write()


async def test_instance_that_never_led_cannot_write(database_url: str) -> None:
    async with instance(database_url) as never:
        with pytest.raises(LeadershipLostError):
            await never.write()


async def test_next_epoch_waits_for_what_the_former_leader_is_committing(database_url: str) -> None:
    async with instance(database_url) as first, instance(database_url) as second:
        await first.leadership.acquire()
        began, go_on = asyncio.Event(), asyncio.Event()

        async def slow(connection: asyncpg.Connection[asyncpg.Record]) -> None:
            await connection.execute("insert into catch_up values ('written in epoch 1', 1)")
            began.set()
            await go_on.wait()

        async with asyncio.TaskGroup() as group:
            writing = group.create_task(first.database.persist(slow))
            await began.wait()
            await first.leadership.release()
            taking_over = group.create_task(second.leadership.acquire())
            await asyncio.sleep(1.0)
            assert not taking_over.done()
            go_on.set()
            await taking_over
            async with second.database.connection() as connection:
                assert await connection.fetchval("select count(*) from catch_up") == 1
            await writing


async def test_leader_goes_on_in_its_epoch_when_its_connections_were_cut(database_url: str) -> None:
    async with instance(database_url) as only:
        await only.leadership.acquire()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(only.leadership.hold(stop))
            await end_sessions(database_url, only.database.application_name)
            await asyncio.sleep(1.5)
            stop.set()
        assert only.leadership.epoch == 1
        await only.write()


async def test_leader_ends_when_another_one_led_meanwhile(database_url: str) -> None:
    async with instance(database_url) as first, instance(database_url) as second:
        await first.leadership.acquire()
        await first.leadership.release()
        await second.leadership.acquire()
        with pytest.raises(LeadershipLostError):
            await asyncio.wait_for(first.leadership.hold(asyncio.Event()), 10)


async def test_standby_waits_for_a_leader_of_another_login(database_url: str) -> None:
    ensure_logins(database_url, {SCHEMA: "its-own"})
    own = make_url(database_url).set(username=f"{SCHEMA}_login", password="its-own")
    async with (
        instance(database_url) as owners,
        instance(own.render_as_string(hide_password=False)) as second,
    ):
        await owners.leadership.acquire()
        waiting = asyncio.create_task(second.leadership.acquire())
        # longer than a leader of the same login may say nothing
        await asyncio.sleep(HUNG_AFTER_S + 1.5)
        assert not waiting.done()
        await owners.write()
        await owners.leadership.release()
        await asyncio.wait_for(waiting, 5)
        assert second.leadership.epoch == 2


async def test_leader_that_hangs_is_ended_by_the_standby(database_url: str) -> None:
    async with instance(database_url) as hung, instance(database_url) as second:
        await hung.leadership.acquire()
        # Nobody runs `hold`, so nothing is heard of it.
        await asyncio.wait_for(second.leadership.acquire(), 8)
        assert second.leadership.epoch == 2
        with pytest.raises(LeadershipLostError):
            await hung.write()
