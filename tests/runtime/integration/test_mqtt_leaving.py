# SPDX-License-Identifier: EUPL-1.2
"""A member of a shared subscription that leaves for good, on a real broker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.integration.sessions import (
    options_for,
    payloads,
    publish,
    quiet,
    running,
    take,
    until,
)
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions


@pytest.fixture
def group(mqtt_url: str, topic_root: str) -> tuple[MqttOptions, MqttOptions]:
    name, topics = topic_root.replace("/", "-"), f"$share/decoders/{topic_root}/#"
    return options_for(mqtt_url, f"{name}-0", topics), options_for(mqtt_url, f"{name}-1", topics)


async def take_all(session: MqttConnection) -> list[bytes]:
    found = []
    while session.backlog:
        messages = await take(session, session.backlog)
        session.acknowledge(messages)
        found += payloads(messages)
    return found


async def test_member_that_leaves_gets_what_waits_for_it_and_no_more(
    group: tuple[MqttOptions, MqttOptions], mqtt_url: str, topic_root: str
) -> None:
    stays, leaves = group
    async with running(leaves):
        pass
    async with running(stays) as other:
        await publish(mqtt_url, f"{topic_root}/x", [b"%d" % n for n in range(20)])
        async with running(leaves) as session:
            await session.unsubscribe()
            await until(lambda: other.backlog + session.backlog == 20)
            taken = [*await take_all(other), *await take_all(session)]
            await publish(mqtt_url, f"{topic_root}/x", [b"%d" % n for n in range(20, 30)])
            await until(lambda: other.backlog == 10)
            assert await quiet(session)
            await session.close(ends_session=True)
        taken += await take_all(other)
        assert sorted(map(int, taken)) == list(range(30))


async def test_session_that_was_ended_gets_no_share_any_more(
    group: tuple[MqttOptions, MqttOptions], mqtt_url: str, topic_root: str
) -> None:
    stays, leaves = group
    async with running(leaves) as session:
        await session.unsubscribe()
        await session.close(ends_session=True)
    async with running(stays) as other:
        await publish(mqtt_url, f"{topic_root}/x", [b"%d" % n for n in range(20)])
        await until(lambda: other.backlog == 20)
        assert len(await take_all(other)) == 20
    async with running(replace(leaves, subscriptions=())) as again:
        assert await quiet(again)
