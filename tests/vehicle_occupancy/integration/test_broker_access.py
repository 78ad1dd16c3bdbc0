"""The rules of deploy/mosquitto/access.acl at a real broker."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stadttakt_local.layout import inside
from stadttakt_local.mosquitto import Mosquitto
from stadttakt_messages.topics import Topics
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions, Outgoing
from support.stack import fresh_broker

from .harness import eventually

ACL = Path(__file__).parents[3] / "deploy/mosquitto/access.acl"
TOPICS = Topics()


class GuardedMosquitto(Mosquitto):
    """A broker with the shipped rules; a name without a password is a login here."""

    def prepare(self) -> None:
        super().prepare()
        rules = self.workdir / "access.acl"
        shutil.copyfile(ACL, rules)
        self.own(rules)
        configuration = self.data_dir / "mosquitto.conf"
        text = configuration.read_text()
        configuration.write_text(f"{text}\nacl_file {inside(self.root, rules)}\n")


@pytest.fixture
def broker() -> Iterator[GuardedMosquitto]:
    with fresh_broker() as plain:
        guarded = GuardedMosquitto(plain.root, plain.data_dir, plain.port)
        with guarded:
            yield guarded


@asynccontextmanager
async def client(
    broker: Mosquitto, name: str | None, *subscriptions: str
) -> AsyncIterator[tuple[MqttConnection, set[str]]]:
    options = MqttOptions(
        host="127.0.0.1",
        port=broker.port,
        client_id=f"test-{name}",
        username=name,
        subscriptions=subscriptions,
    )
    mqtt, seen, stop = MqttConnection(options), set[str](), asyncio.Event()

    async def read() -> None:
        while messages := await mqtt.next_batch(100):
            seen.update(message.topic for message in messages)
            mqtt.acknowledge(messages)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(mqtt.run(stop))
            group.create_task(read())
            await eventually(lambda: mqtt.is_connected)
            yield mqtt, seen
            mqtt.stop_receiving()
            stop.set()
    finally:
        await mqtt.close()


async def test_who_may_read_public_topics_gets_no_numbers(broker: GuardedMosquitto) -> None:
    public, numbers = TOPICS.state("vehicle", "tram-1"), TOPICS.vehicle_load("tram-1")
    count = TOPICS.passenger_count("tram-1", "1")
    async with (
        client(broker, "stadttakt", "takt/v1/#") as (service, heard),
        client(broker, None, "takt/v1/#") as (_, anybody),
        client(broker, "control-centre", "takt/v1/#") as (_, entitled),
    ):
        await service.publish_all(
            [Outgoing(topic, b"{}", retain=True) for topic in (numbers, count, public)]
        )
        await eventually(lambda: public in anybody and {public, numbers} <= entitled)
        await asyncio.sleep(0.2)
        assert anybody == {public}
        assert entitled == {public, numbers}
        assert heard == {public, numbers, count}
    async with client(broker, "late", "takt/v1/#") as (_, late):
        await asyncio.sleep(0.3)
        # A name that nobody gave rights has none, not even what is public.
        assert late == set()
