# SPDX-License-Identifier: EUPL-1.2
"""Sessions in MQTT 3.1.1 on a real broker, and reading that stops instead of a Receive Maximum."""

import asyncio
from collections.abc import Iterator
from typing import Any

import aiomqtt
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
from stadttakt_local.mosquitto import Mosquitto
from stadttakt_runtime.mqtt import MqttOptions, Outgoing
from support.stack import fresh_stack


def numbered(count: int) -> list[bytes]:
    return [f"{number:06}".encode() for number in range(count)]


@pytest.fixture
def older(mqtt_url: str, topic_root: str) -> Any:
    def options(**more: Any) -> MqttOptions:
        name = topic_root.replace("/", "-")
        return options_for(mqtt_url, name, f"{topic_root}/#", protocol="3.1.1", **more)

    return options


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with fresh_stack() as stack, stack.mosquitto as started:
        yield started


async def test_unacknowledged_of_a_3_1_1_session_come_again(
    older: Any, mqtt_url: str, topic_root: str
) -> None:
    async with running(older()) as session:
        await publish(mqtt_url, f"{topic_root}/x", numbered(5))
        received = await take(session, 5)
        session.acknowledge(received[:2])
        await asyncio.sleep(0.1)
    async with running(older()) as session:
        again = await take(session, 3)
        assert payloads(again) == numbered(5)[2:]
        assert all(message.dup for message in again)
        session.acknowledge(again)
        assert await quiet(session)


async def test_3_1_1_session_publishes_at_qos_1_and_0(
    older: Any, mqtt_url: str, topic_root: str
) -> None:
    for qos in (1, 0):
        async with running(older(publish_qos=qos)) as session:
            large = bytes(200_000)
            await session.publish_all([Outgoing(f"{topic_root}/a", b"1", expiry_s=5)])
            await session.publish_all([Outgoing(f"{topic_root}/a", large)])
            received = await take(session, 2)
            assert payloads(received) == [b"1", large]
            session.acknowledge(received)


async def test_flood_at_qos_0_waits_outside_and_nothing_of_it_is_lost(
    older: Any, mqtt_url: str, topic_root: str
) -> None:
    # What Mosquitto holds for a reader that does not read is bounded by its queue, here 1 GiB.
    count = 20_000
    body = bytes(1000)
    async with running(older(hold_at=100, subscribe_qos=0)) as session:
        async with aiomqtt.Client("127.0.0.1", int(mqtt_url.rpartition(":")[2])) as client:
            for number in numbered(count):
                await client.publish(f"{topic_root}/x", number + body, qos=0)
        await until(lambda: session.backlog >= 100)
        await asyncio.sleep(0.5)
        held = session.backlog
        assert held < 2000
        received = []
        while len(received) < count:
            some = await take(session, 1)
            received += some
            session.acknowledge(some)
        assert [message.payload[:6] for message in received] == numbered(count)


async def test_session_that_does_not_read_for_longer_than_its_keepalive_stays_up(
    older: Any, mqtt_url: str, topic_root: str
) -> None:
    async with running(older(hold_at=2, keepalive_s=1, subscribe_qos=0)) as session:
        await publish(mqtt_url, f"{topic_root}/x", numbered(2), qos=0)
        await until(lambda: session.backlog == 2)
        await asyncio.sleep(4)
        assert (session.is_connected, session.epoch) == (True, 1)
        await publish(mqtt_url, f"{topic_root}/x", [b"3"], qos=0)
        session.acknowledge(await take(session, 2))
        assert payloads(await take(session, 1)) == [b"3"]
        assert session.epoch == 1


async def test_what_came_at_qos_0_survives_a_reconnect_and_the_rest_comes_again(
    broker: Mosquitto, topic_root: str
) -> None:
    options = options_for(broker.url, "mixed", "x", protocol="3.1.1")
    async with running(options) as session:
        await publish(broker.url, "x", [b"0"], qos=0)
        await publish(broker.url, "x", [b"1"], qos=1)
        await until(lambda: session.backlog == 2)
        broker.kill()
        await until(lambda: not session.is_connected)
        broker.start()
        await until(lambda: session.backlog == 2 and session.is_connected)
        received = await take(session, 2)
        assert payloads(received) == [b"0", b"1"]
        session.acknowledge(received)
        assert await quiet(session)


async def test_session_that_holds_enough_comes_back_while_all_of_it_is_in_hand(
    broker: Mosquitto,
) -> None:
    options = options_for(broker.url, "full", "x", protocol="3.1.1", hold_at=4)
    async with running(options) as session:
        await publish(broker.url, "x", numbered(3))
        in_hand = await take(session, 2)
        await until(lambda: session.backlog == 1)
        broker.kill()
        await until(lambda: not session.is_connected)
        broker.start()
        await until(lambda: session.is_connected)
        # Told again on the new connection: two in hand and three that wait are more than it holds.
        await until(lambda: session.backlog == 3)
        session.acknowledge(in_hand)
        again = await take(session, 3)
        assert payloads(again) == numbered(3)
        session.acknowledge(again)
        assert await quiet(session)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 9, "nobody listens there"),
        ("no-such-host.invalid", 1883, "the host name is not known"),
    ],
)
async def test_why_a_broker_is_away_is_told_in_words(host: str, port: int, words: str) -> None:
    options = MqttOptions(host, port, "c", subscriptions=("x",))
    async with running(options, wait=False) as session:
        await until(lambda: session.last_error is not None)
        assert session.last_error
        assert words in session.last_error
        assert not session.is_connected
