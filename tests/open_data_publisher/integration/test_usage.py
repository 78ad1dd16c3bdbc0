# SPDX-License-Identifier: EUPL-1.2
"""Requests become counts by day, whatever is killed, and nothing of who asked is kept."""

import os
import signal
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from open_data_publisher.domain.usage import Client, Key, Kind, Subject
from open_data_publisher.storage import published, usage
from stadttakt_runtime.database import Database
from support.deliveries import DeliveryWorld, real_lot, until
from support.service import running, start, wait_for
from support.stack import free_ports

LIGHT = "/feeds/datex2/light.json"
PLANTED = {
    "user-agent": "Mozilla/5.0 planted-agent",
    "cookie": "planted-cookie=1",
    "x-forwarded-for": "203.0.113.77",
    "forwarded": "for=203.0.113.77",
    "referer": "https://planted-referer.example/",
}
_TABLES = """
select table_name from information_schema.tables
where table_schema = 'opendata' and table_type = 'BASE TABLE'
"""


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> DeliveryWorld:
    made = DeliveryWorld(tmp_path, database_url, mqtt_url)
    made.settings["STADTTAKT_OPENDATA_USAGE_EVERY_S"] = "0.1"
    return made


def counted(world: DeliveryWorld) -> Any:
    return world.rows(
        "select subject, client, requests from opendata.v1_usage_day where kind = 'feed' order by 1, 2"
    )


def test_requests_are_counted_by_feed_day_and_kind_of_client(world: DeliveryWorld) -> None:
    with running("open_data_publisher", **world.settings) as client:
        world.tell(real_lot())
        wait_for(client, LIGHT, 200)
        for agent in ("Mozilla/5.0", "curl/8", "curl/8"):
            assert client.get(LIGHT, headers={"user-agent": agent}).status_code == 200
        until(lambda: ("datex2-light", "browser", 1) in counted(world))
        until(lambda: {c: n for _, c, n in counted(world)}.get("script", 0) >= 2)
        today = datetime.now(tz=UTC).date()
        answer = client.get("/v1/usage", params={"from": str(today), "kind": "feed"}).json()
        assert {"day": str(today), "kind": "feed", "subject": "datex2-light", "client": "browser",
                "requests": 1} in answer["items"]  # fmt: skip
        wrong = client.get("/v1/usage", params={"from": str(today), "to": str(today)})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")
        assert client.get("/v1/usage", params={"to": "0001-01-01"}).status_code == 422
        assert client.get("/v1/usage", params={"from": "soon"}).status_code == 422


def test_no_address_cookie_or_user_agent_is_kept_anywhere(world: DeliveryWorld) -> None:
    (port,) = free_ports(1)
    process = start("open_data_publisher", STADTTAKT_HTTP_PORT=str(port), **world.settings)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            wait_for(client, "/ready", 200, process)
            world.tell(real_lot())
            wait_for(client, LIGHT, 200, process)
            assert client.get(LIGHT, headers=PLANTED).status_code == 200
            assert "set-cookie" not in client.get(LIGHT, headers=PLANTED).headers
            assert client.get("/nothing/203.0.113.77", headers=PLANTED).status_code == 404
            until(lambda: ("datex2-light", "browser", 2) in counted(world))
            metrics = client.get("/metrics").text
    finally:
        process.terminate()
        _, log = process.communicate(timeout=30)
    kept = ""
    with psycopg.connect(world.database_url) as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            rows = connection.execute(f"select t::text from opendata.{table} t").fetchall()  # type: ignore[arg-type]
            kept += "\n".join(row[0] for row in rows)
    assert "browser" in kept
    assert "127.0.0.1" not in kept
    told = kept + metrics + log
    assert not [mark for mark in ("planted-", "203.0.113.77") if mark in told]


def test_what_was_counted_is_written_when_the_service_leaves(world: DeliveryWorld) -> None:
    world.settings["STADTTAKT_OPENDATA_USAGE_EVERY_S"] = "3600"
    with running("open_data_publisher", **world.settings) as client:
        world.tell(real_lot())
        wait_for(client, LIGHT, 200)
        for _ in range(5):
            client.get(LIGHT, headers={"user-agent": "Mozilla/5.0"})
        assert counted(world) == []
    assert ("datex2-light", "browser", 5) in counted(world)


def test_a_kill_loses_what_was_not_written_yet_and_doubles_nothing(world: DeliveryWorld) -> None:
    (port,) = free_ports(1)
    process = start("open_data_publisher", STADTTAKT_HTTP_PORT=str(port), **world.settings)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        wait_for(client, "/ready", 200, process)
        world.tell(real_lot())
        wait_for(client, LIGHT, 200, process)
        for _ in range(7):
            client.get(LIGHT, headers={"user-agent": "Mozilla/5.0"})
        until(lambda: ("datex2-light", "browser", 7) in counted(world))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with running("open_data_publisher", **world.settings) as client:
        wait_for(client, LIGHT, 200)
        client.get(LIGHT, headers={"user-agent": "Mozilla/5.0"})
        until(lambda: ("datex2-light", "browser", 8) in counted(world))


async def test_the_same_batch_written_again_adds_nothing(database_url: str) -> None:
    key = Key(date(2026, 11, 26), Subject(Kind.FEED, "datex2-light"), Client.APP)
    writer, now = uuid.uuid4(), datetime.now(tz=UTC)
    async with Database.open(database_url, schema="opendata", size=1) as database:
        for batch in (1, 1, 2, 1):
            await database.persist(lambda c, n=batch: usage.add(c, writer, n, {key: 3}, now))
        async with database.connection() as connection:
            rows = await usage.between(
                connection, key.day, key.day + timedelta(days=1), kind=None, subject=None
            )
    assert [row["requests"] for row in rows] == [6]


async def test_other_services_read_which_datasets_are_public(database_url: str) -> None:
    first, later = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    async with Database.open(database_url, schema="opendata", size=1) as database:
        await database.persist(lambda c: published.replace(c, {"lots-daily", "bays"}, first))
        await database.persist(lambda c: published.replace(c, {"lots-daily", "kpis"}, later))
        async with database.connection() as connection:
            rows = await connection.fetch("select * from opendata.v1_dataset order by dataset_id")
    assert [tuple(row) for row in rows] == [("kpis", later), ("lots-daily", first)]
