# SPDX-License-Identifier: EUPL-1.2
"""Connections to the broker for what a bench says and hears itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from stadttakt_simulators.publisher import Broker

ANSWER_S, TAKEN_S = 30.0, 180.0


@contextmanager
def connected(mqtt_url: str, *, in_flight: int = 20) -> Iterator[paho.Client]:
    """Yield a client that sends while the block runs; so many wait for the broker's answer at most."""
    with _running(mqtt_url, _client(in_flight)) as client:
        yield client


@contextmanager
def listening(
    mqtt_url: str, topics: str, take: Callable[[paho.MQTTMessage], None], *, qos: int = 1
) -> Iterator[paho.Client]:
    """Yield a client that also hears what comes, from the beginning of the block on.

    Raises:
        RuntimeError: the broker did not answer.

    """
    client, subscribed = _client(), threading.Event()

    def on_message(_: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        take(message)

    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.set()
    with _running(mqtt_url, client):
        client.subscribe(topics, qos=qos)
        if not subscribed.wait(ANSWER_S):
            raise RuntimeError("the broker does not answer")
        yield client


@contextmanager
def repeating(every_s: float, step: Callable[[int], None]) -> Iterator[None]:
    """Do a step again and again while the block runs, so many seconds after the one before; it is told its number, from 0 on."""
    stop = threading.Event()

    def repeat() -> None:
        for number in count():
            if stop.wait(every_s):
                return
            step(number)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def publish(
    mqtt_url: str,
    messages: Iterable[tuple[str, bytes]],
    *,
    retain: bool = False,
    in_flight: int = 1000,
) -> None:
    """Send messages and wait until the broker has them all.

    Raises:
        RuntimeError: it did not take them in time.

    """
    with connected(mqtt_url, in_flight=in_flight) as client:
        sent = [client.publish(topic, body, qos=1, retain=retain) for topic, body in messages]
        for each in sent:
            each.wait_for_publish(TAKEN_S)
            if not each.is_published():
                raise RuntimeError(f"the broker did not take a message in {TAKEN_S:.0f} s")


def _client(in_flight: int = 20) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(in_flight)
    return client


@contextmanager
def _running(mqtt_url: str, client: paho.Client) -> Iterator[paho.Client]:
    broker = Broker.parse(mqtt_url)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
