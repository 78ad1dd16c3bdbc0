# SPDX-License-Identifier: EUPL-1.2
"""One publisher's connection: sends from a pool and hears acknowledgements; knows no pace and never reconnects."""

from __future__ import annotations

import contextlib
import secrets
import select
import socket
import ssl
from collections import deque

from stadttakt_simulators.burst import packets
from stadttakt_simulators.publisher import Broker

CONNECT_TIMEOUT_S = 5.0
READ_BYTES = 1 << 18
MAX_UNSENT_BYTES = 1 << 18
FIRST_FAILURE_CODE = 0x80


class Connection:
    """Numbers in, acknowledged numbers out; a number is a message's place in the pool."""

    def __init__(self, broker: Broker, window: int) -> None:
        raw = socket.create_connection((broker.host, broker.port), CONNECT_TIMEOUT_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = ssl.create_default_context() if broker.tls else None
        self._socket = context.wrap_socket(raw, server_hostname=broker.host) if context else raw
        self._in, self._out = bytearray(), bytearray()
        self._ids = deque(range(1, 0xFFFF))
        self._flying: dict[int, int] = {}
        try:
            self._window = min(window, self._handshake(broker))
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(0)

    @property
    def room(self) -> int:
        """How many more messages may be sent now."""
        return self._window - len(self._flying) if len(self._out) < MAX_UNSENT_BYTES else 0

    def send(self, number: int, parts: tuple[bytes, bytes]) -> None:
        """This function takes a message over; the next `turn` puts it on the wire."""
        packet_id = self._ids.popleft()
        self._flying[packet_id] = number
        self._out += parts[0]
        self._out += packet_id.to_bytes(2, "big")
        self._out += parts[1]

    def turn(self, wait_s: float) -> tuple[list[int], list[int]]:
        """This function writes and reads what is possible; returns the acknowledged and the refused numbers."""
        readable, writable, _ = select.select(
            [self._socket], [self._socket] if self._out else [], [], wait_s
        )
        if writable:
            self._write()
        return self._read() if readable else ([], [])

    def unacknowledged(self) -> list[int]:
        """This function returns the numbers to send again on another connection, in order."""
        return sorted(self._flying.values())

    def close(self) -> None:
        """This function says goodbye if the broker still listens and no packet is half written."""
        if not self._out:
            with contextlib.suppress(OSError):
                self._socket.send(packets.DISCONNECT)
        self._socket.close()

    def _handshake(self, broker: Broker) -> int:
        client_id = f"stadttakt-burst-{secrets.token_hex(4)}"
        self._socket.sendall(packets.connect(client_id, broker.username, broker.password))
        while True:
            for packet in packets.split(self._in):
                if packet.kind == packets.CONNACK:
                    return packets.receive_maximum(packet.body)
            self._receive()

    def _receive(self) -> None:
        data = self._socket.recv(READ_BYTES)
        if not data:
            raise packets.ProtocolError("the broker closed the connection")
        self._in += data

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._out)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return
        del self._out[:sent]

    def _read(self) -> tuple[list[int], list[int]]:
        acknowledged: list[int] = []
        refused: list[int] = []
        try:
            self._receive()
        except (BlockingIOError, ssl.SSLWantReadError):
            return acknowledged, refused
        for packet in packets.split(self._in):
            if packet.kind != packets.PUBACK:
                raise packets.ProtocolError(f"unexpected packet 0x{packet.kind:02x}")
            body = packet.body
            packet_id = body[0] << 8 | body[1]
            number = self._flying.pop(packet_id)
            self._ids.append(packet_id)
            failed = len(body) > 2 and body[2] >= FIRST_FAILURE_CODE
            (refused if failed else acknowledged).append(number)
        return acknowledged, refused
