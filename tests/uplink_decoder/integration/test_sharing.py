# SPDX-License-Identifier: EUPL-1.2
"""Decoders that become several, or one again: each message comes once, though sessions outlive the change."""

from __future__ import annotations

import pytest

from runtime.integration.sessions import payloads, publish, running, take, until
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
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
