# SPDX-License-Identifier: EUPL-1.2
"""A broker that dies while its last bytes are still unread, on the event loop that services run on."""

import asyncio
import socket
import struct
import threading
import time

import pytest
import uvloop

from stadttakt_runtime.mqtt import MqttConnection, MqttOptions

CONNACK = b"\x20\x03\x00\x00\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"
PUBLISH = b"\x30\x04\x00\x01x\x00"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def test_a_reset_behind_unread_bytes_is_noticed() -> None:
    assert uvloop.run(noticed_within(5)), "the session waits for a broker that is gone"


@pytest.mark.parametrize("sent", [CONNACK, SUBACK[:3], CONNACK + SUBACK[:3]])
def test_a_reset_behind_unread_bytes_of_the_handshake_is_noticed(sent: bytes) -> None:
    assert uvloop.run(given_up_within(5, sent)), "the session waits for an answer of who is gone"


async def given_up_within(seconds: float, sent: bytes) -> bool:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dead = threading.Event()
        broker = threading.Thread(target=die_in_the_handshake, args=(server, sent, dead))
        broker.start()
        options = MqttOptions(
            host="127.0.0.1",
            port=server.getsockname()[1],
            client_id="left",
            subscriptions=("x",),
            longest_pause_s=60,
        )
        connection, stop = MqttConnection(options), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(connection.run(stop))
            await asyncio.to_thread(dead.wait)
            deadline = time.monotonic() + seconds
            while not connection.last_error and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            given_up = bool(connection.last_error)
            stop.set()
            await running
        broker.join()
    return given_up


def die_in_the_handshake(server: socket.socket, sent: bytes, dead: threading.Event) -> None:
    client, _ = server.accept()
    server.close()
    client.recv(1000)
    client.sendall(sent)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    client.close()
    dead.set()


async def noticed_within(seconds: float) -> bool:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dying, dead = threading.Event(), threading.Event()
        broker = threading.Thread(target=die_when_told, args=(server, dying, dead))
        broker.start()
        options = MqttOptions(host="127.0.0.1", port=server.getsockname()[1], client_id="left")
        connection, stop = MqttConnection(options), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(connection.run(stop))
            while not connection.is_connected:  # noqa: ASYNC110 (the state of a session has no event)
                await asyncio.sleep(0.01)
            dying.set()
            # The loop sees bytes and reset together, as a busy service does.
            dead.wait()
            time.sleep(0.1)  # noqa: ASYNC251
            deadline = time.monotonic() + seconds
            while connection.is_connected and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            noticed = not connection.is_connected
            stop.set()
            await running
        broker.join()
    return noticed


def die_when_told(server: socket.socket, dying: threading.Event, dead: threading.Event) -> None:
    client, _ = server.accept()
    client.recv(1000)
    client.sendall(CONNACK)
    dying.wait()
    client.sendall(PUBLISH)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    client.close()
    dead.set()
