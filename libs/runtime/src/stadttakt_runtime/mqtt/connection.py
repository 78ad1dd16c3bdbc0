# SPDX-License-Identifier: EUPL-1.2
"""One durable MQTT 5 session on the event loop: batches in, pipelines out, manual acknowledgement."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from prometheus_client import Counter, Gauge

from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import packets
from stadttakt_runtime.mqtt.client import BufferedClient
from stadttakt_runtime.mqtt.handshake import (
    LOOK_EVERY_S,
    ConnectFailedError,
    disconnect,
    make_client,
    open_connection,
    subscribe,
    unsubscribe,
    until_answered,
)
from stadttakt_runtime.mqtt.inbox import Inbox
from stadttakt_runtime.mqtt.message import Message, Outgoing
from stadttakt_runtime.mqtt.options import MqttOptions
from stadttakt_runtime.mqtt.publishing import LARGEST_PACKET_BYTES, Publishing, PublishRefusedError
from stadttakt_runtime.mqtt.words import explain

__all__ = ["MqttConnection", "PublishRefusedError"]

log = get_logger(__name__)

CONNECTED = Gauge("stadttakt_mqtt_connected", "1 while the session is up", ["client_id"])
CONNECTS = Counter("stadttakt_mqtt_connects_total", "Sessions begun or resumed", ["client_id"])
RECEIVED = Counter("stadttakt_mqtt_received_total", "Messages received", ["client_id"])

FIRST_PAUSE_S = 0.1
STEADY_S = 5.0
"""A connection that held for so long is tried again at once; what ends sooner, ever later."""
DEFAULT_RECEIVE_MAXIMUM = 65_535

MayConnect = Callable[[], Awaitable[None]]


async def _always() -> None:
    return


class MqttConnection:
    """A session that outlives connections: reconnects by itself, keeps what is unacknowledged.

    Run `run(stop)` as a task. What was taken of an earlier connection is never acknowledged on a later
    one: the broker delivers it again and the consumer, being idempotent, repeats it.
    `may_connect` is awaited before each connection and ends `run` by raising: of two instances
    that share a session, only the one that leads may have it.
    """

    def __init__(self, options: MqttOptions, may_connect: MayConnect = _always) -> None:
        self._options = options
        self._may_connect = may_connect
        self._inbox = Inbox()
        self._arrived = asyncio.Event()
        self._lost = asyncio.Event()
        self._ready: asyncio.Future[None] | None = None
        self._stopping = False
        self._epoch = 0
        self._wants_write = False
        self._receive_maximum = DEFAULT_RECEIVE_MAXIMUM
        self._max_packet_bytes = LARGEST_PACKET_BYTES
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held = 0
        self._is_paused = False
        self.last_error: str | None = None
        # A broker that does not answer must not take the threads that the others connect in.
        self._connecting = ThreadPoolExecutor(1, thread_name_prefix="mqtt")
        self._client = self._make_client()
        self._publishing = Publishing(
            self._queue,
            options.content_type,
            qos=options.publish_qos,
            has_properties=options.protocol == "5",
        )
        self._received = RECEIVED.labels(options.client_id)
        self._connected = CONNECTED.labels(options.client_id)

    # -- for the service -------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Tell whether the session is up and subscribed."""
        return self._publishing.online

    @property
    def epoch(self) -> int:
        """How many connections there have been; grows with every reconnect."""
        return self._epoch

    @property
    def backlog(self) -> int:
        """How many received messages wait to be taken."""
        return len(self._inbox)

    async def next_batch(self, max_count: int, linger_s: float = 0.0) -> list[Message]:
        """Return what is there, at most `max_count`, waiting for the first message.

        With `linger_s` it waits that much longer for more. An empty list says that the service
        is stopping.
        """
        while not self._stopping:
            if linger_s and 0 < len(self._inbox) < max_count:
                await asyncio.sleep(linger_s)
            if self._inbox:
                return self._inbox.take(max_count)
            self._arrived.clear()
            await self._arrived.wait()
        return []

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Acknowledge, in the order received, what came on the present connection."""
        done = list(messages)
        self._held -= len(done)
        if self._lost.is_set():
            # A new connection may be half made: nothing may be sent before its CONNECT (3.1).
            return
        for message in done:
            if message.epoch == self._epoch and message.qos:
                self._queue(packets.write_puback(message.mid))
        if self._is_paused and self._held <= (self._options.hold_at or 0) // 2:
            self._go_on_reading()

    def publish_all(self, outgoing: Iterable[Outgoing]) -> Awaitable[int]:
        """Publish a group at QoS 1; awaiting the answer waits for the last acknowledgement.

        While the broker is away the group waits; a refusal raises `PublishRefusedError`. The answer is how many
        were over, by their expiry, before an acknowledgement came: the broker may have those or not.
        """
        return self._publishing.publish_all(outgoing)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the session up until `stop`, reconnecting with back-off and jitter."""
        pause_s = FIRST_PAUSE_S
        stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        clock = asyncio.get_running_loop().time
        try:
            while not stop.is_set():
                await self._allowed(stopped)
                if stop.is_set():
                    break
                began = clock()
                try:
                    await self._connect()
                    began = clock()
                    await self._until_lost(stopped)
                except (OSError, TimeoutError) as error:
                    self._forget_connection()
                    self.last_error = explain(error)
                    log.warning("broker_away", error=repr(error), pause_s=pause_s)
                else:
                    pause_s = FIRST_PAUSE_S if clock() - began >= STEADY_S else pause_s
                await asyncio.wait([stopped], timeout=pause_s * random.uniform(0.5, 1))  # noqa: S311
                pause_s = min(pause_s * 2, self._options.longest_pause_s)
        finally:
            stopped.cancel()
            self._connecting.shutdown(wait=False, cancel_futures=True)

    def stop_receiving(self) -> None:
        """Let `next_batch` return empty; what is not taken stays with the broker."""
        self._stopping = True
        self._arrived.set()

    async def unsubscribe(self) -> None:
        """Ask for nothing more; what the broker holds for this session still comes."""
        await unsubscribe(self._client, self._options)
        self._options = replace(self._options, subscriptions=())

    async def close(self, *, ends_session: bool = False) -> None:
        """Send what is left and disconnect; the session stays at the broker unless it ends."""
        if self._client.socket() is not None:
            self._flush()
            disconnect(self._client, self._options, ends_session=ends_session)
            self._client.loop_write()
        self._forget_connection()

    # -- connecting ------------------------------------------------------------------------

    def _make_client(self) -> BufferedClient:
        client = make_client(
            self._options,
            on_publish_packet=self._on_publish_packet,
            on_puback=self._on_puback,
        )
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_socket_close = self._on_socket_close
        return client

    async def _allowed(self, stopped: asyncio.Future[Any]) -> None:
        """Wait until this instance may connect, or is to stop."""
        asking = asyncio.ensure_future(self._may_connect())
        await asyncio.wait([asking, stopped], return_when=asyncio.FIRST_COMPLETED)
        if asking.done():
            asking.result()
        asking.cancel()

    async def _connect(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._client.reset_buffers()
        self._client.on_socket_register_write = None
        self._ready = loop.create_future()
        await loop.run_in_executor(self._connecting, open_connection, self._client, self._options)
        self._epoch += 1
        self._inbox.begin_connection()
        self._lost.clear()
        self._is_paused = False
        connection = self._client.socket()
        if connection is None:
            raise ConnectFailedError(f"no connection to {self._options.host}:{self._options.port}")
        if isinstance(connection, socket.socket):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.add_reader(connection, self._readable)
        self._client.on_socket_register_write = self._want_write
        self._flush()
        await until_answered(self._ready, self._look)
        CONNECTS.labels(self._options.client_id).inc()
        self._connected.set(1)
        self._publishing.go_online(self._receive_maximum, self._max_packet_bytes)
        log.info("broker_connected", client_id=self._options.client_id, epoch=self._epoch)

    def _look(self) -> None:
        """Find a reset that came behind unread bytes: libuv stops watching a socket with an error once it has called us."""
        if self._is_paused:
            self._client.expect_nothing()
        else:
            self._readable()

    async def _until_lost(self, stopped: asyncio.Future[Any]) -> None:
        while not self._lost.is_set() and not stopped.done():
            self._look()
            self._client.loop_misc()
            lost: asyncio.Future[Any] = asyncio.ensure_future(self._lost.wait())
            either = asyncio.FIRST_COMPLETED
            await asyncio.wait([lost, stopped], timeout=LOOK_EVERY_S, return_when=either)
            lost.cancel()
        if not stopped.done():
            self._forget_connection()
            log.warning("broker_connection_lost", client_id=self._options.client_id)

    def _forget_connection(self) -> None:
        self._connected.set(0)
        self._publishing.go_offline()
        self._lost.set()
        self._client.abandon()

    # -- the socket ------------------------------------------------------------------------

    def _readable(self) -> None:
        held = self._held
        try:
            alive = self._client.receive()
        except packets.MalformedError as error:
            log.exception("broker_sent_garbage", error=str(error))
            alive = False
        if came := self._held - held:
            self._received.inc(came)
            self._arrived.set()
        if not alive:
            self._lose_socket()
        elif self._options.hold_at and self._held >= self._options.hold_at and self._is_answered:
            self._stop_reading()

    @property
    def _is_answered(self) -> bool:
        """Whether the broker has answered all that begins a connection."""
        return self._ready is not None and self._ready.done()

    def _stop_reading(self) -> None:
        """Leave what comes to the socket's buffers, and so to the broker."""
        connection = self._client.socket()
        if connection is not None and not self._is_paused:
            self._is_paused = True
            asyncio.get_running_loop().remove_reader(connection)

    def _go_on_reading(self) -> None:
        connection = self._client.socket()
        self._is_paused = False
        if connection is not None:
            asyncio.get_running_loop().add_reader(connection, self._readable)

    def _queue(self, packet: bytes | bytearray) -> None:
        self._client.queue(packet)
        self._want_write()

    def _want_write(self, *_: object) -> None:
        if not self._wants_write:
            self._wants_write = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._wants_write = False
        self._client.loop_write()
        connection = self._client.socket()
        if connection is None:
            return
        loop = asyncio.get_running_loop()
        if self._client.flush():
            loop.remove_writer(connection)
        else:
            loop.add_writer(connection, self._flush)

    def _lose_socket(self, why: str = "") -> None:
        self._lost.set()
        self.last_error = f"the broker closed the connection{why}"
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(ConnectionResetError(self.last_error))

    # -- paho's callbacks ------------------------------------------------------------------

    def _on_connect(
        self,
        _client: object,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        props: Properties | None,
    ) -> None:
        if self._ready is None or self._ready.done():
            return
        if reason.is_failure:
            self._ready.set_exception(ConnectFailedError(f"the broker refused: {reason}"))
            return
        self._receive_maximum = getattr(props, "ReceiveMaximum", DEFAULT_RECEIVE_MAXIMUM)
        self._max_packet_bytes = getattr(props, "MaximumPacketSize", LARGEST_PACKET_BYTES)
        if not self._options.subscriptions:
            self._ready.set_result(None)
            return
        subscribe(self._client, self._options)

    def _on_subscribe(
        self,
        _client: object,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _props: object,
    ) -> None:
        if self._ready is None or self._ready.done():
            return
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._ready.set_exception(ConnectFailedError(f"subscriptions refused: {refused}"))
        else:
            self._ready.set_result(None)

    def _on_disconnect(
        self,
        _client: object,
        _userdata: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _props: object,
    ) -> None:
        self._lose_socket(f": {reason}" if flags.is_disconnect_packet_from_server else "")

    def _on_socket_close(self, _client: object, _userdata: object, connection: Any) -> None:
        self._publishing.go_offline()
        if self._loop is not None:
            self._loop.remove_reader(connection)
            self._loop.remove_writer(connection)

    def _on_puback(self, mid: int, reason: int) -> None:
        self._publishing.on_puback(mid, reason)

    def _on_publish_packet(self, packet: packets.Publish) -> None:
        # The protocol forbids a topic that is no UTF-8 (1.5.4), so no broker passes one on.
        topic = packet.topic.decode(errors="replace")
        message = Message(
            topic, packet.payload, packet.qos, packet.dup, packet.retain, packet.mid, self._epoch
        )
        if self._inbox.add(message):
            self._held += 1
