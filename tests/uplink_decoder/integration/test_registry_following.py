# SPDX-License-Identifier: EUPL-1.2
"""How a running decoder follows the registry: nothing is missed, whoever commits when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.registry import set_device
from uplink_decoder.devices import DeviceBook
from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.registration import Action, Owner, Step, Wish, fulfil
from uplink_decoder.registry.following import RegistryReader
from uplink_decoder.registry.writing import write
from uplink_decoder.storage import registry
from uplink_decoder.storage.registry import Author

SLOW, QUICK = "0200000000000011", "0200000000000012"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, schema="uplink") as opened:
        yield opened


async def write_one(connection: Any, dev_eui: str, **fields: Any) -> None:
    author = Author("test", utc_now())
    await registry.take_turn(connection)
    entries = await registry.read_entries(connection, [dev_eui])
    wish = Wish(dev_eui=dev_eui, fields=fields)
    step = fulfil(entries.get(dev_eui), wish, by=Owner.OPERATOR, now=author.at)
    await write(connection, [step], author)


async def test_change_is_taken_over_though_its_number_was_drawn_long_before_its_commit(
    database: Database,
) -> None:
    book = DeviceBook()
    reader = RegistryReader(database, book)
    async with database.transaction() as connection:
        await write_one(connection, SLOW, name="slow")
        drawn = await connection.fetchval("select last_value from registry_version")
        await reader.follow()
        assert book.get(SLOW) is None
        seen_outside = await database.persist(registry.newest_change)
    await reader.follow()
    assert seen_outside < drawn
    assert book.get(SLOW) is not None


async def test_writer_that_is_quicker_waits_so_that_no_number_is_passed_over(
    database: Database, database_url: str
) -> None:
    book = DeviceBook()
    reader = RegistryReader(database, book)
    await reader.follow()
    async with asyncio.TaskGroup() as group:
        async with database.transaction() as connection:
            await write_one(connection, SLOW, name="slow")
            quick = group.create_task(set_device(database_url, QUICK, name="quick"))
            await asyncio.sleep(0.3)
            await reader.follow()
            assert not quick.done()
            assert book.get(QUICK) is None
        await quick
    await reader.follow()
    assert book.get(SLOW) is not None
    numbers = await database.persist(
        lambda c: c.fetch("select dev_eui from device_change order by change")
    )
    assert [row["dev_eui"] for row in numbers] == [SLOW, QUICK]


async def test_changes_are_read_one_by_one_and_deleted_devices_forgotten(
    database: Database, database_url: str
) -> None:
    book = DeviceBook()
    reader = RegistryReader(database, book)
    await set_device(database_url, SLOW, codec_id="bosch-tps110")
    await reader.follow()
    untouched = book.get(SLOW)
    await set_device(database_url, QUICK, asset=Asset("bay", "lot-01"))
    await reader.follow()
    assert book.get(SLOW) is untouched
    watched = book.get(QUICK)
    assert watched is not None
    asset = watched.asset_at(utc_now())
    assert (asset, len(book)) == (Asset("bay", "lot-01"), 2)
    async with database.transaction() as connection:
        await registry.take_turn(connection)
        entry = (await registry.read_entries(connection, [QUICK]))[QUICK]
        gone = Step(Action.DELETED, entry, entry)
        await registry.write(connection, [gone], Author("test", utc_now()))
    await reader.follow()
    assert (book.get(QUICK), len(book)) == (None, 1)


async def test_many_changes_are_taken_over_in_parts(database: Database, database_url: str) -> None:
    book = DeviceBook()
    reader = RegistryReader(database, book)
    await reader.follow()
    async with database.transaction() as connection:
        author = Author("test", utc_now())
        await registry.take_turn(connection)
        steps = [
            fulfil(None, Wish(dev_eui=f"{number:016x}", fields={}), by=Owner.CITY, now=author.at)
            for number in range(1201)
        ]
        await write(connection, steps, author)
    await reader.follow()
    assert len(book) == 1201
