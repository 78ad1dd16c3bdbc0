# SPDX-License-Identifier: EUPL-1.2
"""MQTT sessions of the runtime for tests, and publishers beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiomqtt

from stadttakt_runtime.mqtt import Message, MqttConnection, MqttOptions

PATIENCE_S = 60.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true; fails after a minute."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 (the state of a session has no event)
            await asyncio.sleep(0.01)


def options_for(url: str, client_id: str, *subscriptions: str, **more: Any) -> MqttOptions:
    """Return the options of a session at a broker without logins."""
    broker = urlsplit(url)
    return MqttOptions(
        host=broker.hostname or "",
        port=broker.port or 1883,
        client_id=client_id,
        subscriptions=subscriptions,
        **more,
    )


@asynccontextmanager
async def running(options: MqttOptions, *, wait: bool = True) -> AsyncIterator[MqttConnection]:
    """Yield a session that is up, and leave it cleanly; it stays at the broker."""
    connection, stop = MqttConnection(options), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(connection.run(stop))
        try:
            if wait:
                await until(lambda: connection.is_connected)
            yield connection
        finally:
            connection.stop_receiving()
            stop.set()
            await task
            await connection.close()


async def take(connection: MqttConnection, count: int) -> list[Message]:
    """Return the next messages, however many batches they come in."""
    messages: list[Message] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(messages) < count:
            messages += await connection.next_batch(count - len(messages))
    return messages


async def quiet(connection: MqttConnection, seconds: float = 0.4) -> bool:
    """Tell whether nothing more arrives for a while."""
    await asyncio.sleep(seconds)
    return connection.backlog == 0


async def publish(url: str, topic: str, payloads: Iterable[bytes], qos: int = 1) -> None:
    """Publish as a partner would."""
    broker = urlsplit(url)
    async with aiomqtt.Client(broker.hostname or "", broker.port or 1883) as client:
        for payload in payloads:
            await client.publish(topic, payload, qos=qos)


def payloads(messages: Iterable[Message]) -> list[bytes]:
    """Return what messages carry."""
    return [message.payload for message in messages]
