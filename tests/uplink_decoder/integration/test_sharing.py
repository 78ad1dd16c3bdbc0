# SPDX-License-Identifier: EUPL-1.2
"""Sessions that outlive a change: each message comes once, and none of a topic that is no longer named."""

from __future__ import annotations

import pytest

from runtime.integration.sessions import payloads, publish, running, take, until
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from uplink_decoder.feeds.held import giving_up
from uplink_decoder.feeds.options import platform_options
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import Source, SourceTable


@pytest.fixture
def topic(topic_root: str) -> str:
    return f"{topic_root}/application/a/device/1/event/up"


def options(settings: UplinkSettings, topic: str, number: int, group: str | None) -> MqttOptions:
    source = Source(source_id="cs", dialect="chirpstack", topics=(topic,))
    own = settings.model_copy(update={"shared_subscription": group})
    name = f"{settings.instance}-{number}"
    return platform_options(own, SourceTable([source]), name)


async def take_all(session: MqttConnection) -> list[int]:
    messages = await take(session, session.backlog)
    session.acknowledge(messages)
    return [int(payload) for payload in payloads(messages)]


async def test_decoder_that_gets_company_shares_what_it_took_alone(
    settings: UplinkSettings, topic: str, mqtt_url: str
) -> None:
    async with running(options(settings, topic, 0, None)):
        pass
    await publish(mqtt_url, topic, [b"%d" % n for n in range(5)])
    async with (
        running(options(settings, topic, 0, "decoders")) as first,
        running(options(settings, topic, 1, "decoders")) as second,
    ):
        await until(lambda: first.backlog == 5)
        assert await take_all(first) == list(range(5))
        await publish(mqtt_url, topic, [b"%d" % n for n in range(5, 25)])
        await until(lambda: first.backlog + second.backlog >= 20)
        taken = [await take_all(first), await take_all(second)]
        assert all(taken)
        assert sorted([*taken[0], *taken[1]]) == list(range(5, 25))


async def test_decoder_that_is_alone_again_takes_each_message_once(
    settings: UplinkSettings, topic: str, mqtt_url: str
) -> None:
    async with running(options(settings, topic, 0, "decoders")):
        pass
    await publish(mqtt_url, topic, [b"%d" % n for n in range(5)])
    async with running(options(settings, topic, 0, None)) as alone:
        await until(lambda: alone.backlog == 5)
        await publish(mqtt_url, topic, [b"%d" % n for n in range(5, 15)])
        await until(lambda: alone.backlog >= 15)
        assert await take_all(alone) == list(range(15))


async def test_session_gives_up_a_topic_that_sources_no_longer_name(
    settings: UplinkSettings, topic: str, mqtt_url: str, database_url: str
) -> None:
    former = topic.replace("/application/", "/removed/")

    async def made(*topics: str) -> MqttOptions:
        source = Source(source_id="cs", dialect="chirpstack", topics=topics)
        given = platform_options(settings, SourceTable([source]), f"{settings.instance}-0")
        async with Database.open(database_url, schema="uplink", size=1) as database:
            return await giving_up(database, given)

    async with running(await made(topic, former)):
        pass
    async with running(await made(topic)) as session:
        await publish(mqtt_url, topic, [b"1"])
        await until(lambda: session.backlog == 1)
        assert await take_all(session) == [1]
        await publish(mqtt_url, former, [b"2"])
        await publish(mqtt_url, topic, [b"3"])
        await until(lambda: session.backlog >= 1)
        assert await take_all(session) == [3]
    async with running(await made(topic, former)) as again:
        await publish(mqtt_url, former, [b"4"])
        await until(lambda: again.backlog == 1)
        assert await take_all(again) == [4]
