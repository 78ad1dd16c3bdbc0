# SPDX-License-Identifier: EUPL-1.2
"""What differs between MQTT 5 and 3.1.1 when a session begins: client, CONNECT, SUBSCRIBE and DISCONNECT."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from stadttakt_runtime.mqtt import packets
from stadttakt_runtime.mqtt.client import BufferedClient
from stadttakt_runtime.mqtt.options import MqttOptions

CONNECT_TIMEOUT_S = 10.0
LOOK_EVERY_S = 1.0
"""How often a socket is looked at of which the event loop tells nothing."""


class ConnectFailedError(ConnectionError):
    """The broker was reached and did not accept the session or a subscription."""


def make_client(
    options: MqttOptions,
    *,
    on_publish_packet: Callable[[packets.Publish], None],
    on_puback: Callable[[int, int], None],
) -> BufferedClient:
    """Return a client with login, not yet connected; its session outlives connections."""
    is_version_5 = options.protocol == "5"
    client = BufferedClient(
        on_publish_packet=on_publish_packet,
        on_puback=on_puback,
        callback_api_version=CallbackAPIVersion.VERSION2,
        client_id=options.sent_id,
        clean_session=None if is_version_5 else False,
        protocol=MQTTProtocolVersion.MQTTv5 if is_version_5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    if options.username is not None:
        client.username_pw_set(options.username, options.password)
    return client


def open_connection(client: BufferedClient, options: MqttOptions) -> None:
    """Open the socket and queue the CONNECT; the one step that blocks."""
    host, port, keepalive_s = options.host, options.port, options.keepalive_s
    if options.tls is not None:
        client.use_tls(options.tls.context())
    if options.protocol != "5":
        client.connect(host, port, keepalive_s)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = options.session_expiry_s
    properties.ReceiveMaximum = options.receive_maximum
    client.connect(host, port, keepalive_s, clean_start=False, properties=properties)


async def until_answered(ready: asyncio.Future[None], look: Callable[[], None]) -> None:
    """Wait until the session is up, looking at its socket; raises TimeoutError and what the broker refused."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + CONNECT_TIMEOUT_S
    while not ready.done() and clock() < deadline:
        look()
        await asyncio.wait([ready], timeout=LOOK_EVERY_S)
    await asyncio.wait_for(ready, 0)


def subscribe(client: BufferedClient, options: MqttOptions) -> None:
    """Ask for all topic filters at once, then give up what the session held under an earlier setting."""
    qos = options.subscribe_qos
    if options.protocol == "5":
        client.subscribe([(each, SubscribeOptions(qos=qos)) for each in options.subscriptions])
    else:
        client.subscribe([(each, qos) for each in options.subscriptions])
    # In this order, so that a message between the two comes twice rather than never.
    if options.given_up:
        client.unsubscribe(list(options.given_up))


async def unsubscribe(client: BufferedClient, options: MqttOptions) -> None:
    """Take all topic filters back and wait until the broker has said so."""
    if not options.subscriptions:
        return
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    client.on_unsubscribe = lambda *_: None if done.done() else done.set_result(None)
    client.unsubscribe(list(options.subscriptions))
    await asyncio.wait_for(done, CONNECT_TIMEOUT_S)


def disconnect(client: BufferedClient, options: MqttOptions, *, ends_session: bool) -> None:
    """Say goodbye; a session that ends is forgotten by the broker at once (MQTT 5, 3.14.2.2.2)."""
    if not ends_session or options.protocol != "5":
        client.disconnect()
        return
    properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0
    client.disconnect(properties=properties)
