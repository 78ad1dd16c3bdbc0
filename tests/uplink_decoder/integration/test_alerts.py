# SPDX-License-Identifier: EUPL-1.2
"""Alerts from the transaction to the broker and the list, on the real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt
import asyncpg
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.engine import make_url

from runtime.integration.relay import relayed
from runtime.integration.sessions import options_for, until
from runtime.integration.sessions import running as mqtt_session
from stadttakt_messages.asyncapi import message_schema
from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.notices import AlertText
from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import (
    AlertPublisher,
    Condition,
    Severity,
    clear_alert,
    raise_alert,
    settle,
)
from stadttakt_runtime.auth import storage as keys
from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection
from uplink_decoder.settings import UplinkSettings

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
END_SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1"
PUBLISHED = "select from alert where published_change = change"
TEXT = AlertText(de="Sensor meldet sich nicht", en="Sensor is silent")
Get = Callable[..., Awaitable[Any]]


def silent(alert_id: str, severity: Severity = Severity.WARNING) -> Condition:
    return Condition("device-silent", alert_id, severity, TEXT, {"expected_interval_s": 3600})


@pytest.fixture
async def database(settings: UplinkSettings, applied: list[str]) -> AsyncIterator[Database]:
    async with Database.open(settings.database_url.get_secret_value(), schema="uplink") as opened:
        yield opened


@pytest.fixture
async def get(running: Any, settings: UplinkSettings) -> Get:
    async def ask(path: str, *scopes: Scope) -> Any:
        key = mint()
        url = settings.database_url.get_secret_value()
        async with (
            Database.open(url, schema="platform") as platform,
            platform.transaction() as connection,
        ):
            await keys.insert_key(
                connection, key, scopes=scopes, label="test", created_at=utc_now(), expires_at=None
            )
        return await running.http.get(path, headers={"authorization": f"Bearer {key}"})

    return ask


@asynccontextmanager
async def watching(settings: UplinkSettings) -> AsyncIterator[asyncio.Queue[Any]]:
    """Give what is retained below the alerts and what follows."""
    broker = make_url(settings.mqtt_url.get_secret_value())
    queue: asyncio.Queue[Any] = asyncio.Queue()
    async with (
        aiomqtt.Client(str(broker.host), broker.port or 1883) as client,
        asyncio.TaskGroup() as group,
    ):
        await client.subscribe(f"{settings.topic_root}/alert/#", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                await queue.put(message)

        listening = group.create_task(listen())
        yield queue
        listening.cancel()


async def following(queue: asyncio.Queue[Any]) -> Any:
    return await asyncio.wait_for(queue.get(), 10)


async def test_alert_is_retained_until_it_is_cleared(
    running: Any, settings: UplinkSettings, database: Database
) -> None:
    topic = f"{settings.topic_root}/alert/device-silent/a"
    async with watching(settings) as queue:
        assert await database.persist(lambda c: raise_alert(c, silent("a"), NOW))
        message = await following(queue)
        assert str(message.topic) == topic
        event = json.loads(message.payload)
        Draft202012Validator(message_schema(BY_NAME["alert"])).validate(event)
        assert event["source"] == "/stadttakt/uplink-decoder"
        assert event["subject"] == "alert/device-silent/a"
        assert event["data"] == {
            "alert_id": "a",
            "kind": "device-silent",
            "severity": "warning",
            "text": {"de": TEXT.de, "en": TEXT.en},
            "since": "2026-11-01T12:00:00Z",
            "details": {"expected_interval_s": 3600},
        }
        async with watching(settings) as later:
            retained = await following(later)
            assert retained.retain
            assert retained.payload == message.payload
        assert await database.persist(lambda c: clear_alert(c, "device-silent", "a", NOW))
        cleared = await following(queue)
        assert (str(cleared.topic), cleared.payload) == (topic, b"")
        await database.persist(lambda c: raise_alert(c, silent("b"), NOW))
        await following(queue)
    async with watching(settings) as queue:
        only = await following(queue)
        assert str(only.topic).endswith("/b")
        assert queue.empty()


async def test_what_was_committed_by_a_process_that_died_is_published_at_the_next_start(
    start: Any, settings: UplinkSettings, database: Database
) -> None:
    async with watching(settings) as queue:
        async with start() as decoder:
            await database.persist(lambda c: raise_alert(c, silent("over"), NOW))
            assert str((await following(queue)).topic).endswith("/over")
            await decoder.until_rows(PUBLISHED, 1)
        # No decoder runs: what a kill between commit and publish leaves.
        kinds = ["device-silent"]
        await database.persist(lambda c: settle(c, kinds, [silent("new")], utc_now()))
        assert queue.empty()
        async with start() as decoder:
            cleared = await following(queue)
            raised = await following(queue)
            await decoder.until_rows(PUBLISHED, 2)
        assert (str(cleared.topic).rpartition("/")[2], cleared.payload) == ("over", b"")
        assert json.loads(raised.payload)["data"]["alert_id"] == "new"
        # A new connection may be to a broker that forgot, also what was cleared lately.
        async with start():
            again = [await following(queue), await following(queue)]
        assert [each.payload for each in again] == [b"", raised.payload]


async def test_raised_cleared_and_raised_again_ends_with_the_last_one_retained(
    start: Any, settings: UplinkSettings, database: Database
) -> None:
    for minute, severity in enumerate((Severity.WARNING, None, Severity.CRITICAL)):
        at = NOW + timedelta(minutes=minute)
        present = [silent("a", severity)] if severity else []
        await database.persist(lambda c, p=present, t=at: settle(c, ["device-silent"], p, t))
    async with start() as decoder:
        await decoder.until_rows(PUBLISHED, 2)
    async with watching(settings) as queue:
        event = json.loads((await following(queue)).payload)
    assert event["data"]["severity"] == "critical"
    assert event["data"]["since"] == "2026-11-01T12:02:00Z"


@asynccontextmanager
async def publishing(
    settings: UplinkSettings, database: Database, name: str, port: int | None = None
) -> AsyncIterator[tuple[AlertPublisher, MqttConnection]]:
    """Give the publisher of one of several processes, which has told all that there was."""
    broker = make_url(settings.mqtt_url.get_secret_value())
    url = f"mqtt://{broker.host}:{port or broker.port or 1883}"
    async with mqtt_session(options_for(url, f"{settings.instance}-{name}")) as session:
        topics = Topics(settings.topic_root)
        publisher = AlertPublisher(database, session, service="uplink-decoder", topics=topics)
        await publisher.publish_changes()
        yield publisher, session


async def told(publisher: AlertPublisher, queue: asyncio.Queue[Any]) -> Any:
    """Let a publisher look again and again until it has told something."""
    async with asyncio.timeout(10):
        while queue.empty():
            await publisher.publish_changes()
            await asyncio.sleep(0.01)
    return queue.get_nowait()


async def test_what_comes_late_from_one_process_holds_up_no_other_and_does_not_stay(
    settings: UplinkSettings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stadttakt_runtime.turns.TURN_S", 0.05)
    port = make_url(settings.mqtt_url.get_secret_value()).port or 1883
    async with (
        relayed(port) as relay,
        watching(settings) as queue,
        publishing(settings, database, "stalled", relay.port) as (stalled, _),
        publishing(settings, database, "other") as (other, _),
    ):
        relay.hold()
        await database.persist(lambda c: raise_alert(c, silent("x"), NOW))
        async with asyncio.timeout(10):
            await stalled.publish_changes()
        await database.persist(lambda c: clear_alert(c, "device-silent", "x", utc_now()))
        monkeypatch.setattr("stadttakt_runtime.turns.TURN_S", 10)
        await stalled.publish_changes()
        assert (await told(other, queue)).payload == b""
        relay.release()
        assert (await following(queue)).payload
        assert (await told(stalled, queue)).payload == b""


async def test_what_was_told_in_a_turn_that_was_lost_is_told_again(
    settings: UplinkSettings, database: Database
) -> None:
    port = make_url(settings.mqtt_url.get_secret_value()).port or 1883
    async with (
        Database.open(settings.database_url.get_secret_value(), schema="uplink") as own,
        relayed(port) as relay,
        watching(settings) as queue,
        publishing(settings, own, "stalled", relay.port) as (stalled, session),
        publishing(settings, database, "other") as (other, _),
    ):
        relay.hold()
        await database.persist(lambda c: raise_alert(c, silent("x"), NOW))
        turn = asyncio.ensure_future(stalled.publish_changes())
        await until(lambda: session._publishing.pending == 1)
        administrator = await asyncpg.connect(settings.database_url.get_secret_value())
        await administrator.fetch(END_SESSIONS, own.application_name)
        await administrator.close()
        await database.persist(lambda c: clear_alert(c, "device-silent", "x", utc_now()))
        assert (await told(other, queue)).payload == b""
        relay.release()
        assert (await following(queue)).payload
        await turn
        assert (await told(stalled, queue)).payload == b""


async def test_what_was_raised_again_is_not_told_to_be_over_at_a_new_connection(
    settings: UplinkSettings, database: Database
) -> None:
    for present in ([silent("x")], [], [silent("x")]):
        await database.persist(lambda c, p=present: settle(c, ["device-silent"], p, utc_now()))
    async with publishing(settings, database, "first"), watching(settings) as queue:
        assert (await following(queue)).retain
        async with publishing(settings, database, "second"):
            assert (await following(queue)).payload


async def test_poller_sees_every_change_once(get: Get, database: Database) -> None:
    conditions = [silent(f"{number}") for number in range(5)]
    await database.persist(lambda c: settle(c, ["device-silent"], conditions, NOW))
    first = (await get("/v1/alerts?limit=2", "devices:read")).json()
    assert [item["alert_id"] for item in first["items"]] == ["0", "1"]
    seen, since = [], first["changes_cursor"]
    while True:
        answer = (await get(f"/v1/alerts?limit=2&changed_since={since}", "devices:read")).json()
        since = answer["next_cursor"]
        if not answer["items"]:
            break
        seen += [item["alert_id"] for item in answer["items"]]
    assert seen == ["2", "3", "4"]

    later = NOW + timedelta(hours=1)
    await database.persist(lambda c: clear_alert(c, "device-silent", "1", later))
    await database.persist(lambda c: raise_alert(c, silent("3", Severity.CRITICAL), later))
    await database.persist(lambda c: raise_alert(c, silent("4"), later))
    answer = (await get(f"/v1/alerts?changed_since={since}", "devices:read")).json()
    assert [(i["alert_id"], i["active"], i["severity"]) for i in answer["items"]] == [
        ("1", False, "warning"),
        ("3", True, "critical"),
    ]
    assert answer["items"][0]["cleared_at"] == "2026-11-01T13:00:00Z"
    by_time = (await get("/v1/alerts?changed_since=2026-11-01T12:30:00Z", "devices:read")).json()
    assert by_time["items"] == answer["items"]
    assert by_time["next_cursor"] == answer["next_cursor"]


async def test_list_tells_open_from_past_alerts(get: Get, database: Database) -> None:
    await database.persist(lambda c: settle(c, ["device-silent"], [silent("a"), silent("b")], NOW))
    await database.persist(lambda c: settle(c, ["device-silent"], [silent("b")], NOW))

    async def listed(query: str) -> list[str]:
        page = (await get(f"/v1/alerts?{query}", "devices:read")).json()
        assert page["next_cursor"] is None
        return [item["alert_id"] for item in page["items"]]

    assert await listed("") == ["b", "a"]
    assert await listed("active=true") == ["b"]
    assert await listed("active=false") == ["a"]
    assert await listed("kind=other") == []


@pytest.mark.parametrize(
    "query",
    ["changed_since=x", "changed_since=%00", "cursor=x", "active=2", "kind=A", "limit=0"],
)
async def test_senseless_query_is_a_problem(get: Get, query: str) -> None:
    answer = await get(f"/v1/alerts?{query}", "devices:read")
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"


async def test_absurd_times_are_no_error(get: Get) -> None:
    for time in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        answer = await get(f"/v1/alerts?changed_since={time}", "devices:read")
        assert answer.json()["items"] == []


async def test_alerts_need_a_scope(running: Any, get: Get) -> None:
    assert (await running.http.get("/v1/alerts")).status_code == 401
    assert (await get("/v1/alerts", "kpi:write")).status_code == 403
