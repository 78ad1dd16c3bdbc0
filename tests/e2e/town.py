# SPDX-License-Identifier: EUPL-1.2
"""A town under test: what goes in over the broker, what its signs show everywhere."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiomqtt
import httpx
import psycopg
from psycopg.rows import dict_row

from crash.truth import retained_events
from crash.world import World
from stadttakt_simulators.lorawan.dialects.model import Message

WITHIN_S = 15


@dataclass
class Town:
    """Decoder and parking as processes, and the broker they share."""

    world: World

    def send(self, messages: Iterable[Message | tuple[str, bytes]]) -> None:
        """Publish messages at QoS 1, as the network servers do."""
        pairs = [
            (each.topic, each.payload) if isinstance(each, Message) else each for each in messages
        ]
        asyncio.run(self._send(pairs))

    async def _send(self, pairs: list[tuple[str, bytes]]) -> None:
        broker = self.world.stack.mosquitto
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for topic, payload in pairs:
                await client.publish(topic, payload, qos=1)

    def sign(self, sign_id: str) -> dict[str, Any]:
        """What a sign shows as JSON."""
        answer = self.world.parking.http.get(f"/v1/signs/{sign_id}")
        assert answer.status_code == 200
        shown: dict[str, Any] = answer.json()
        return shown

    def text(self, sign_id: str) -> str:
        """What a simple controller reads."""
        answer = self.world.parking.http.get(
            f"/v1/signs/{sign_id}", headers={"accept": "text/plain"}
        )
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return answer.text

    def retained(self, sign_id: str) -> dict[str, Any]:
        """What a client that connects now finds at the broker."""
        state: dict[str, Any] = self.envelope(sign_id)["data"]
        return state

    def envelope(self, sign_id: str) -> dict[str, Any]:
        """That, with what it is sent in."""
        url, root = self.world.stack.mosquitto.url, self.world.root
        events = retained_events(url, f"{root}", 1, f"state/sign/{sign_id}")
        event: dict[str, Any] = events[f"sign/{sign_id}"]
        return event

    def until(self, sign_id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until a sign shows what is wanted."""
        deadline = time.monotonic() + WITHIN_S
        while not wanted(shown := self.sign(sign_id)):
            assert time.monotonic() < deadline, f"{shown}\n{self.world.parking.log_tail()}"
            time.sleep(0.02)
        return shown

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the database holds."""
        with psycopg.connect(self.world.database_url, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    @contextmanager
    def watching(self, sign_id: str) -> Iterator[list[dict[str, Any]]]:
        """Listen to a sign's stream; the list grows with each event."""
        events: list[dict[str, Any]] = []
        begun, over = threading.Event(), threading.Event()

        def listen() -> None:
            url = f"{self.world.parking.address}/v1/signs/{sign_id}/stream"
            # The town may end before the stream does.
            with suppress(httpx.TransportError), httpx.stream("GET", url, timeout=60) as stream:
                for line in stream.iter_lines():
                    if line.startswith("data:"):
                        events.append(json.loads(line.removeprefix("data:")))
                        begun.set()
                        if over.is_set():
                            return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        assert begun.wait(WITHIN_S)
        yield events
        over.set()
