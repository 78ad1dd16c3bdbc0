# SPDX-License-Identifier: EUPL-1.2
"""Receiving on a real broker: back-pressure, acknowledgement after the work, redelivery."""

import asyncio
from urllib.parse import urlsplit

import pytest

from runtime.integration.relay import relayed
from runtime.integration.sessions import (
    options_for,
    payloads,
    publish,
    quiet,
    running,
    take,
    until,
)
from stadttakt_runtime.mqtt import MqttOptions

COUNT = 30


def numbered(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


@pytest.fixture
def options(mqtt_url: str, topic_root: str) -> MqttOptions:
    name = topic_root.replace("/", "-")
    return options_for(mqtt_url, name, f"{topic_root}/#", receive_maximum=10)


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


async def test_broker_holds_back_what_exceeds_the_receive_maximum(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with running(options) as session:
        await publish(mqtt_url, f"{topic_root}/x", numbered(COUNT))
        first = await take(session, 10)
        assert payloads(first) == numbered(COUNT)[:10]
        assert await quiet(session)
        session.acknowledge(first[:4])
        second = await take(session, 4)
        assert await quiet(session)
        session.acknowledge([*first[4:], *second])
        third = await take(session, 10)
        session.acknowledge(third)
        session.acknowledge(await take(session, 6))
        assert payloads([*first, *second, *third])[-1] == b"23"
        assert await quiet(session)


async def test_unacknowledged_come_again_marked_and_acknowledged_do_not(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with running(options) as session:
        await publish(mqtt_url, f"{topic_root}/x", numbered(5))
        messages = await take(session, 5)
        assert [message.dup for message in messages] == [False] * 5
        session.acknowledge(messages[:2])
    async with running(options) as session:
        again = await take(session, 3)
        assert payloads(again) == [b"2", b"3", b"4"]
        assert [message.dup for message in again] == [True] * 3
        session.acknowledge(again)
    async with running(options) as session:
        assert await quiet(session)


async def test_what_was_not_taken_stays_with_the_broker(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with running(options) as session:
        await publish(mqtt_url, f"{topic_root}/x", numbered(4))
        await until(lambda: session.backlog == 4)
        session.acknowledge(await session.next_batch(1))
        session.stop_receiving()
        assert await session.next_batch(10) == []
    async with running(options) as session:
        assert payloads(await take(session, 3)) == [b"1", b"2", b"3"]


async def test_session_collects_while_the_service_is_away(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with running(options) as session:
        assert session.epoch == 1
    await publish(mqtt_url, f"{topic_root}/x", numbered(COUNT))
    async with running(options) as session:
        received = []
        while len(received) < COUNT:
            batch = await session.next_batch(10)
            session.acknowledge(batch)
            received += payloads(batch)
        assert received == numbered(COUNT)


async def test_message_of_an_earlier_connection_is_never_acknowledged_on_a_later(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with relayed(port_of(mqtt_url)) as relay:
        via = options_for(f"mqtt://127.0.0.1:{relay.port}", options.client_id, f"{topic_root}/#")
        async with running(via) as session:
            await publish(mqtt_url, f"{topic_root}/x", numbered(3))
            before = await take(session, 3)
            relay.cut()
            session.acknowledge(before)
            await until(lambda: session.epoch == 2 and session.is_connected)
            session.acknowledge(before)
            after = await take(session, 3)
            assert [(m.payload, m.dup, m.epoch) for m in after] == [
                (payload, True, 2) for payload in numbered(3)
            ]
            session.acknowledge(before)
            # What is queued is sent when the loop comes round.
            await asyncio.sleep(0.2)
            relay.cut()
            await until(lambda: session.epoch == 3 and session.is_connected)
            once_more = await take(session, 3)
            session.acknowledge(once_more)
            assert await quiet(session)
    async with running(options) as session:
        assert await quiet(session)


async def test_what_waits_over_a_reconnect_is_given_once_and_can_be_acknowledged(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with relayed(port_of(mqtt_url)) as relay:
        via = options_for(f"mqtt://127.0.0.1:{relay.port}", options.client_id, f"{topic_root}/#")
        async with running(via) as session:
            await publish(mqtt_url, f"{topic_root}/x", numbered(3))
            await until(lambda: session.backlog == 3)
            relay.cut()
            await until(lambda: session.epoch == 2 and session.is_connected)
            # What comes after the three repetitions says that these are there.
            await publish(mqtt_url, f"{topic_root}/x", [b"3"])
            await until(lambda: session.backlog == 4)
            messages = await take(session, 4)
            assert payloads(messages) == numbered(4)
            assert {message.epoch for message in messages} == {2}
            session.acknowledge(messages)
            assert await quiet(session)
    async with running(options) as session:
        assert await quiet(session)


async def test_linger_waits_for_more_but_not_for_a_full_batch(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with running(options) as session:
        waiting = asyncio.ensure_future(session.next_batch(5, linger_s=0.5))
        await publish(mqtt_url, f"{topic_root}/x", numbered(3))
        assert payloads(await asyncio.wait_for(waiting, 5)) == numbered(3)
        await publish(mqtt_url, f"{topic_root}/x", numbered(5))
        await until(lambda: session.backlog == 5)
        started = asyncio.get_running_loop().time()
        assert len(await session.next_batch(5, linger_s=5)) == 5
        assert asyncio.get_running_loop().time() - started < 1


async def test_qos_0_is_received_and_needs_no_acknowledgement(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    async with running(options) as session:
        await publish(mqtt_url, f"{topic_root}/x", numbered(COUNT), qos=0)
        messages = await take(session, COUNT)
        assert {message.qos for message in messages} == {0}
        session.acknowledge(messages)
        assert session.is_connected


async def test_payload_of_a_megabyte_is_received_whole(
    options: MqttOptions, mqtt_url: str, topic_root: str
) -> None:
    large = bytes(range(256)) * 4096
    async with running(options) as session:
        await publish(mqtt_url, f"{topic_root}/x", [large, b"next"])
        assert payloads(await take(session, 2)) == [large, b"next"]
