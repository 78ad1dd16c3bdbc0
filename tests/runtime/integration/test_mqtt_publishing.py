# SPDX-License-Identifier: EUPL-1.2
"""Publishing on a real broker: receipts, expiry, refusals, and a broker that is killed."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from runtime.integration.sessions import options_for, payloads, quiet, running, take, until
from stadttakt_runtime.mqtt import Outgoing, PublishRefusedError
from stadttakt_runtime.mqtt.publishing import MAX_WINDOW
from support.stack import Stack, fresh_stack


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """A stack whose broker runs and may be killed; its database is never started."""
    with fresh_stack() as stack:
        stack.mosquitto.start()
        stack.mosquitto.wait_ready()
        yield stack


async def test_receipt_comes_when_the_broker_has_every_message(
    mqtt_url: str, topic_root: str
) -> None:
    name = topic_root.replace("/", "-")
    async with (
        running(options_for(mqtt_url, f"{name}-in", f"{topic_root}/#")) as consumer,
        running(options_for(mqtt_url, f"{name}-out")) as publisher,
    ):
        sent = [Outgoing(f"{topic_root}/{n}", str(n).encode()) for n in range(5000)]
        await asyncio.wait_for(publisher.publish_all(sent), 20)
        received = []
        for _ in range(5):
            messages = await take(consumer, 1000)
            consumer.acknowledge(messages)
            received += [(message.topic, message.payload) for message in messages]
        assert received == [(message.topic, message.payload) for message in sent]


async def test_retained_message_is_gone_when_its_time_is_over(
    mqtt_url: str, topic_root: str
) -> None:
    name = topic_root.replace("/", "-")
    async with running(options_for(mqtt_url, f"{name}-out")) as publisher:
        await publisher.publish_all(
            [
                Outgoing(f"{topic_root}/short", b"1", retain=True, expiry_s=2),
                Outgoing(f"{topic_root}/long", b"2", retain=True, expiry_s=600),
                Outgoing(f"{topic_root}/for-ever", b"3", retain=True),
                Outgoing(f"{topic_root}/not-retained", b"4"),
            ]
        )
    async with running(options_for(mqtt_url, f"{name}-early", f"{topic_root}/#")) as early:
        found = await take(early, 3)
        assert {message.topic.rpartition("/")[2] for message in found} == {
            "short",
            "long",
            "for-ever",
        }
        assert all(message.retain for message in found)
    await asyncio.sleep(3)
    async with running(options_for(mqtt_url, f"{name}-late", f"{topic_root}/#")) as late:
        assert sorted(payloads(await take(late, 2))) == [b"2", b"3"]
        assert await quiet(late)


async def test_empty_retained_message_clears_the_topic(mqtt_url: str, topic_root: str) -> None:
    name = topic_root.replace("/", "-")
    async with running(options_for(mqtt_url, f"{name}-out")) as publisher:
        await publisher.publish_all([Outgoing(f"{topic_root}/x", b"1", retain=True)])
        await publisher.publish_all([Outgoing(f"{topic_root}/x", b"", retain=True)])
    async with running(options_for(mqtt_url, f"{name}-in", f"{topic_root}/#")) as late:
        assert await quiet(late)


async def test_packet_too_large_for_the_broker_is_refused_and_the_session_goes_on(
    mqtt_url: str, topic_root: str
) -> None:
    name = topic_root.replace("/", "-")
    async with running(options_for(mqtt_url, f"{name}-out")) as publisher:
        with pytest.raises(PublishRefusedError, match="the broker takes 2097152"):
            await publisher.publish_all([Outgoing(f"{topic_root}/x", bytes(2_097_152))])
        await publisher.publish_all([Outgoing(f"{topic_root}/x", b"small")])
        assert publisher.epoch == 1


async def test_publishes_wait_while_the_broker_is_away_and_go_on_in_order(
    own_stack: Stack,
) -> None:
    broker = own_stack.mosquitto
    async with (
        running(options_for(broker.url, "in", "x")) as consumer,
        running(options_for(broker.url, "out")) as publisher,
    ):
        broker.kill()
        await until(lambda: not publisher.is_connected)
        receipt = asyncio.ensure_future(
            publisher.publish_all(Outgoing("x", str(n).encode()) for n in range(100))
        )
        await asyncio.sleep(1)
        assert not receipt.done()
        broker.start()
        broker.wait_ready()
        await asyncio.wait_for(receipt, 30)
        assert payloads(await take(consumer, 100)) == [str(n).encode() for n in range(100)]


async def test_restart_of_the_broker_loses_nothing_and_doubles_only_what_was_in_flight(
    own_stack: Stack,
) -> None:
    broker = own_stack.mosquitto
    sent = [str(number).encode() for number in range(10_000)]
    received: Counter[bytes] = Counter()

    async with (
        running(options_for(broker.url, "in", "x")) as consumer,
        running(options_for(broker.url, "out")) as publisher,
        asyncio.TaskGroup() as group,
    ):

        async def consume() -> None:
            while len(received) < len(sent):
                messages = await consumer.next_batch(500)
                received.update(payloads(messages))
                consumer.acknowledge(messages)

        async def publish_all() -> None:
            for some in batched_lists(sent, 1000):
                await publisher.publish_all(Outgoing("x", payload) for payload in some)

        publishing = group.create_task(publish_all())
        consuming = group.create_task(consume())
        for _ in range(2):
            goal = len(received) + 1500
            await until(lambda goal=goal: len(received) > goal)  # type: ignore[misc]
            # In order: a killed one may forget its last acknowledgements (docs/decisions/0002).
            await asyncio.to_thread(broker.stop)
            broker.start()
            await asyncio.to_thread(broker.wait_ready)
        await asyncio.wait_for(publishing, 60)
        await asyncio.wait_for(consuming, 60)
        assert publisher.epoch == 3
    assert set(received) == set(sent)
    doubled = sum(count - 1 for count in received.values())
    # Both sides may repeat what they had in flight at each of the two stops.
    assert doubled <= 2 * 2 * MAX_WINDOW


def batched_lists(items: list[bytes], size: int) -> list[list[bytes]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
