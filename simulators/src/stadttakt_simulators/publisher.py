# SPDX-License-Identifier: EUPL-1.2
"""Hands messages to the broker at QoS 1 and keeps each until the broker has acknowledged it."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiomqtt

from stadttakt_simulators.lorawan.dialects.model import Message

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to get in."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Broker:
        """This function reads `mqtt://[user:password@]host[:port]`, or `mqtts://` for TLS; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"{url!r} is not of the form mqtt://[user:password@]host[:port]")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            parts.port or (8883 if tls else 1883),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
        )


class Publisher:
    """A queue and the one connection that empties it; a message leaves the queue when it is acknowledged."""

    def __init__(self, broker: Broker, client_id: str) -> None:
        self.published = 0
        self.connected = False
        self._broker, self._client_id = broker, client_id
        self._queue: deque[Message] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def waiting(self) -> tuple[Message, ...]:
        """What the broker has not acknowledged yet, oldest first."""
        return tuple(self._queue)

    def put(self, messages: Iterable[Message]) -> None:
        """This function queues messages; an absent broker makes the queue grow, nothing is dropped."""
        self._queue.extend(messages)
        if self._queue:
            self._empty.clear()
            self._filled.set()

    async def drained(self) -> None:
        """This function waits until everything queued is acknowledged."""
        await self._empty.wait()

    async def run(self) -> None:
        """This function keeps a connection and publishes until it is cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with self._client() as client:
                    self.connected, pause_s = True, FIRST_PAUSE_S
                    await self._publish_all(client)
            except aiomqtt.MqttError as error:
                self.connected = False
                log.warning("broker %s:%s: %s", self._broker.host, self._broker.port, error)
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _publish_all(self, client: aiomqtt.Client) -> None:
        while True:
            while self._queue:
                message = self._queue[0]
                await client.publish(message.topic, message.payload, qos=1)
                self._queue.popleft()
                self.published += 1
            self._empty.set()
            self._filled.clear()
            await self._filled.wait()

    def _client(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._broker.password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=ssl.create_default_context() if self._broker.tls else None,
        )
