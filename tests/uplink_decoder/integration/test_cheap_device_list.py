# SPDX-License-Identifier: EUPL-1.2
"""Lists of 20,000 devices: few are read for a page, whatever is searched and wherever it lies in the order of EUIs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder.storage.device_lists import DeviceFilter, changed_devices, list_devices
from uplink_decoder.storage.devices import touch

PAGE = 101
# What planning reads of the table's ends, and the counting itself.
OTHER_READS = 20
ALL = 20_000
# Those of one batch and of the city lie far behind the first ones.
FILL = f"""
insert into device (dev_eui, name, origin, tags, description, change)
select '03' || lpad(to_hex(n), 14, '0'), 'Sensor ' || n, case when n > 19000 then 'city' else 'operator' end,
       jsonb_build_object('kind', 'bay', 'batch', case when n between 16001 and 17000 then 'late' else 'early' end),
       case when n = 19500 then 'Übergang 50%_a\\b' else 'am Rand' end, n
  from generate_series(1, {ALL}) as n;
analyze device;
"""
READ = """
select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
where relid = 'device'::regclass
"""
HEARD = """
select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relid = 'device'::regclass
"""


@asynccontextmanager
async def filled(database_url: str) -> AsyncIterator[Any]:
    """Give a connection in a transaction that sees the devices, whose reads are counted."""
    async with Database.open(database_url, schema="uplink", size=1) as database:
        async with database.transaction() as connection:
            await connection.execute(FILL)
        async with database.transaction() as connection:
            yield connection


async def euis(connection: Any, wanted: DeviceFilter, *, after: str = "") -> list[str]:
    found = await list_devices(connection, wanted, now=utc_now(), after=after, limit=PAGE)
    return [row["dev_eui"] for row in found]


FILTERS = {
    "of a late batch": (DeviceFilter(tags=("batch=late",)), PAGE, 1_000),
    "with two tags": (DeviceFilter(tags=("batch=late", "kind=bay")), PAGE, 1_000),
    "with a tag that all have": (DeviceFilter(tags=("kind=bay",)), PAGE, PAGE),
    "with a tag that none has": (DeviceFilter(tags=("batch=none",)), 0, 0),
    "with a key that none has": (DeviceFilter(tags=("nothing",)), 0, 0),
    "of a name that one has": (DeviceFilter(text="SENSOR 19876"), 1, 50),
    "of a name that all have": (DeviceFilter(text="sensor"), PAGE, PAGE),
    "of a name that none has": (DeviceFilter(text="nowhere"), 0, 50),
    "by the end of an EUI": (DeviceFilter(text="0004e1f"), 1, 50),
    "of a name and a tag": (DeviceFilter(text="sensor 1650", tags=("batch=late",)), 10, 50),
    "of the city": (DeviceFilter(owner="city"), PAGE, 1_000),
    "unknown": (DeviceFilter(status="unknown"), 0, 0),
    "silent": (DeviceFilter(status="silent"), PAGE, PAGE),
}


async def test_a_page_reads_few_devices_besides_its_own(database_url: str) -> None:
    async with filled(database_url) as connection:
        for what, (wanted, shown, searched) in FILTERS.items():
            # The same statement with other values, so often that a plan for any value would have been kept.
            dense = DeviceFilter(
                tags=("kind=bay", "batch=early")[: len(wanted.tags)],
                text="sensor" if wanted.text else None,
                owner="operator" if wanted.owner else None,
            )
            for _ in range(8):
                await euis(connection, dense)
            before = await connection.fetchval(READ)
            found = await euis(connection, wanted)
            read = await connection.fetchval(READ) - before
            assert (what, len(found)) == (what, shown)
            assert found == sorted(found)
            assert (what, read) <= (what, searched + shown + OTHER_READS)


async def test_changes_of_a_late_batch_read_few_others(database_url: str) -> None:
    async with filled(database_url) as connection:
        before = await connection.fetchval(READ)
        found = await changed_devices(
            connection, DeviceFilter(tags=("batch=late",)), now=utc_now(), after=0, limit=PAGE
        )
        read = await connection.fetchval(READ) - before
    assert [row["change"] for row in found.rows] == list(range(16_001, 16_001 + PAGE))
    assert found.last_change == 16_000 + PAGE
    assert read <= 1_000 + PAGE + OTHER_READS


async def test_pages_of_a_search_lead_through_all_it_finds_once(database_url: str) -> None:
    wanted = DeviceFilter(text="sensor 16", tags=("batch=late",))
    async with filled(database_url) as connection:
        found: list[str] = []
        while page := await euis(connection, wanted, after=found[-1] if found else ""):
            found += page
    assert found == [f"03{number:014x}" for number in range(16_001, 17_000)]


async def test_text_is_searched_as_it_stands_whatever_its_case(database_url: str) -> None:
    one = ("50%_A\\B", "übergang", "ÜBERGANG", "%_", "0%", "19500")
    none = ("a_b", "s%r", "\\\\")
    async with filled(database_url) as connection:
        for text in one:
            assert (text, len(await euis(connection, DeviceFilter(text=text)))) == (text, 1)
        for text in none:
            assert (text, await euis(connection, DeviceFilter(text=text))) == (text, [])


async def test_device_that_is_heard_is_written_in_no_index(database_url: str) -> None:
    now = utc_now()
    async with filled(database_url) as connection:
        seen = [(f"03{number:014x}", now, "one", 3600, 90) for number in range(200, ALL, 200)]
        await touch(connection, seen)
        assert tuple(await connection.fetchrow(HEARD)) == (len(seen), len(seen))
        again = [(dev_eui, now, "another", 3500, 89) for dev_eui, *_ in seen]
        await touch(connection, again)
        assert tuple(await connection.fetchrow(HEARD)) == (2 * len(seen), 2 * len(seen))
