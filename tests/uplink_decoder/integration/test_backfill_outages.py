# SPDX-License-Identifier: EUPL-1.2
"""Outages that make gaps, and deaths in the middle of closing them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from stadttakt_runtime import plugins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from support import service
from support.stack import Stack, running_stack
from support.tts_storage import APPLICATION, KEY, StorageServer, storage_server, stored
from uplink_decoder.settings import UplinkSettings

COUNT = 1000
GAP = "select sum(received - stored - duplicate - quarantined - in_flight) from ledger"
SOURCES = """
sources:
  - source_id: tts
    dialect: tts
    topics: ["{root}/v3/+/devices/+/up"]
    storage: {{base_url: "{url}", application: {application}, api_key_file: "{file}"}}
"""


@pytest.fixture
async def server() -> AsyncIterator[StorageServer]:
    async with storage_server() as running:
        yield running


@pytest.fixture
def settings(settings: UplinkSettings, server: StorageServer) -> UplinkSettings:
    assert settings.city
    write_sources(settings.city, server.url, settings.topic_root)
    return settings.model_copy(update={"backfill_settle_s": 0.0})


def write_sources(city: Path, url: str, root: str) -> None:
    (city / "key").write_text(KEY, encoding="utf-8")
    text = SOURCES.format(root=root, url=url, application=APPLICATION, file=city / "key")
    (city / "sources.yaml").write_text(text, encoding="utf-8")


def environment(settings: UplinkSettings) -> dict[str, str]:
    return {
        "STADTTAKT_DATABASE_URL": settings.database_url.get_secret_value(),
        "STADTTAKT_MQTT_URL": settings.mqtt_url.get_secret_value(),
        "STADTTAKT_TOPIC_ROOT": settings.topic_root,
        "STADTTAKT_CITY": str(settings.city),
        "STADTTAKT_UPLINK_INSTANCE": settings.instance,
        "STADTTAKT_UPLINK_BACKFILL_SETTLE_S": "0",
        "STADTTAKT_HTTP_PORT": "0",
    }


@asynccontextmanager
async def decoder(settings: UplinkSettings) -> AsyncIterator[None]:
    """Run a decoder's process, which is killed at the end."""
    process = service.start("uplink_decoder", **environment(settings))
    try:
        yield
        assert process.poll() is None, process.communicate()
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)


@asynccontextmanager
async def connected(settings: UplinkSettings) -> AsyncIterator[Any]:
    url = settings.database_url.get_secret_value()
    connection = await asyncpg.connect(url, server_settings={"search_path": "uplink"})
    try:
        yield connection
    finally:
        await connection.close()


async def until(connection: Any, query: str, least: int) -> None:
    for _ in range(1200):
        found = await connection.fetchval(query)
        if found is not None and found >= least:
            return
        await asyncio.sleep(0.025)
    raise AssertionError(f"{found} instead of {least}: {query}")


class TestBrokerAway:
    """On a broker of its own, since it is killed."""

    @pytest.fixture
    def own_stack(self) -> Iterator[Stack]:
        with running_stack() as stack:
            migrate(stack.postgres.url, select_targets(plugins.load(plugins.MIGRATIONS), []))
            yield stack

    @pytest.fixture
    def database_url(self, own_stack: Stack) -> str:
        return own_stack.postgres.url

    @pytest.fixture
    def mqtt_url(self, own_stack: Stack) -> str:
        return own_stack.mosquitto.url

    @pytest.mark.usefixtures("applied")
    async def test_what_was_sent_while_the_broker_was_away_is_fetched_once_it_is_back(
        self, own_stack: Stack, server: StorageServer, settings: UplinkSettings
    ) -> None:
        async with decoder(settings), connected(settings) as connection:
            await until(connection, "select count(*) from backfill_position", 1)
            own_stack.mosquitto.kill()
            server.keep(stored(7, datetime.now(tz=UTC)))
            await asyncio.sleep(1.5)
            assert await connection.fetchval("select count(*) from backfill") == 0
            own_stack.mosquitto.start()
            done = "select count(*) from backfill where state = 'done'"
            await until(connection, done, 1)
            job = await connection.fetchrow("select reason, missing from backfill")
            uplink = await connection.fetchrow("select f_cnt, source_id from uplink")
        assert dict(job) == {"reason": "reconnect", "missing": 1}
        assert dict(uplink) == {"f_cnt": 7, "source_id": "tts"}


async def test_fetch_that_was_killed_goes_on_where_it_was_and_stores_everything_once(
    settings: UplinkSettings, applied: list[str], server: StorageServer
) -> None:
    since = datetime.now(tz=UTC) - timedelta(hours=3)
    for number in range(COUNT):
        server.keep(stored(number, since + timedelta(seconds=number)))
    server.line_delay_s = 0.003
    async with connected(settings) as connection:
        heard_last = since - timedelta(minutes=1)
        await connection.execute("insert into backfill_position values ('tts', $1)", heard_last)
        for least in (200, 600):
            async with decoder(settings):
                await until(connection, "select fetched from backfill", least)
            assert 0 < await connection.fetchval("select count(*) from uplink") < COUNT
        server.line_delay_s = 0
        async with decoder(settings):
            await until(connection, "select count(*) from backfill where state = 'done'", 1)
            rows = await connection.fetch("select f_cnt from uplink order by f_cnt")
            observations = await connection.fetchval("select count(*) from observation")
            gap = await connection.fetchval(GAP)
        assert [row["f_cnt"] for row in rows] == list(range(COUNT))
        assert (observations, gap) == (COUNT, 0)
