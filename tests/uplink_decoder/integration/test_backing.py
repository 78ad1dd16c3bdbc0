# SPDX-License-Identifier: EUPL-1.2
"""What the real broker and database tell of themselves becomes metrics."""

from __future__ import annotations

import asyncio
from math import isnan

import asyncpg
import pytest
from pydantic import SecretStr

from runtime.integration.sessions import options_for, running, until
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import Outgoing
from support.stack import Stack, free_ports
from uplink_decoder import metrics
from uplink_decoder.backing import Backing
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.storage import archiving

EARLIER, LATER = "2026-11-27 11:00Z", "2026-11-27 12:00Z"


async def test_what_waits_for_a_session_that_is_away_is_told_in_bytes(
    stack: Stack, database_url: str, topic_root: str
) -> None:
    broker, topic = stack.mosquitto.url, f"{topic_root}/waits"
    name = topic_root.replace("/", "-")
    async with running(options_for(broker, f"{name}-away", topic)) as away:
        pass
    async with running(options_for(broker, f"{name}-sender")) as sender:
        await sender.publish_all([Outgoing(topic, b"x" * 1000) for _ in range(500)])
    metrics.BROKER_STORE_BYTES.set(0)
    metrics.BROKER_DROPPED.set(-1)
    settings, stop = UplinkSettings(mqtt_url=SecretStr(broker)), asyncio.Event()
    async with (
        Database.open(database_url, schema="uplink", size=1) as database,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(Backing(settings, database, name).watch_broker(stop))
        # the broker counts every ten seconds
        await until(lambda: told(metrics.BROKER_STORE_BYTES) >= 500_000)
        await until(lambda: told(metrics.BROKER_DROPPED) >= 0)
        stop.set()
    assert not away.is_connected


async def test_a_broker_that_tells_nothing_is_not_told_as_empty(database_url: str) -> None:
    metrics.BROKER_STORE_BYTES.set(0)
    (port,) = free_ports(1)
    settings = UplinkSettings(mqtt_url=SecretStr(f"mqtt://127.0.0.1:{port}"))
    stop = asyncio.Event()
    async with (
        Database.open(database_url, schema="uplink", size=1) as database,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(Backing(settings, database, "b").watch_broker(stop))
        await until(lambda: isnan(told(metrics.BROKER_STORE_BYTES)))
        stop.set()


async def test_a_database_that_archives_nothing_does_not_fail_at_it(database_url: str) -> None:
    metrics.ARCHIVE_FAILING.set(1)
    stop = asyncio.Event()
    async with (
        Database.open(database_url, schema="uplink", size=1) as database,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(Backing(UplinkSettings(), database, "b").watch_archive(stop))
        await until(lambda: told(metrics.ARCHIVE_FAILING) == 0)
        stop.set()


@pytest.mark.parametrize(
    ("archived", "failed", "is_failing"),
    [
        (None, None, False),
        (LATER, None, False),
        (None, EARLIER, True),
        (EARLIER, LATER, True),
        (LATER, EARLIER, False),
    ],
)
async def test_the_newest_attempt_decides(
    database_url: str, archived: str | None, failed: str | None, *, is_failing: bool
) -> None:
    connection = await asyncpg.connect(database_url)
    # a table of this session's own takes the place of the server's view
    await connection.execute("set search_path = pg_temp, pg_catalog")
    await connection.execute(
        "create temp table pg_stat_archiver as select"
        " cast($1::text as timestamptz) as last_archived_time,"
        " cast($2::text as timestamptz) as last_failed_time",
        archived,
        failed,
    )
    assert await archiving.is_failing(connection) is is_failing
    await connection.close()


def told(gauge: object) -> float:
    (family,) = gauge.collect()  # type: ignore[attr-defined]
    return float(family.samples[0].value)
