# SPDX-License-Identifier: EUPL-1.2
"""paho for the session, our own buffers for the socket; the one place that touches paho's inside.

paho asks the kernel for one byte, one more, then the rest of each packet, and sends every
acknowledgement by itself. Here the socket is read and written in bulk; PUBLISH and PUBACK are
handled at once, all other packets are served to paho from the buffer.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho

from stadttakt_runtime.mqtt import packets

READ_SIZE = 262_144
DISCONNECT = 0xE0
FIRST_PAHO_MID = 60_001
WOULD_BLOCK = (
    BlockingIOError,
    InterruptedError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)


class BufferedClient(paho.Client):
    """A paho client whose socket calls go through buffers."""

    def __init__(
        self,
        *,
        on_publish_packet: Callable[[packets.Publish], None],
        on_puback: Callable[[int, int], None],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._has_properties = self._protocol == paho.MQTTv5
        self._on_publish_packet = on_publish_packet
        self._on_puback = on_puback
        self._unread = b""
        self._position = 0
        self._unsent = bytearray()
        self._at_end = False

    def reset_buffers(self) -> None:
        """Forget what belonged to an earlier connection; keep paho off our packet identifiers."""
        self._unread = b""
        self._position = 0
        self._unsent.clear()
        self._at_end = False
        self._last_mid = FIRST_PAHO_MID - 1

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Encrypt connections from the next one on; paho itself takes a context only once."""
        self._ssl_context = None
        self.tls_set_context(context)

    def abandon(self) -> None:
        """Close the socket at once, without a DISCONNECT; the session stays at the broker."""
        self._sock_close()

    def receive(self) -> bool:
        """Read once from the socket and handle every whole packet; false when the end is reached.

        Raises:
            MalformedError: the bytes are no MQTT 5.

        """
        self._fill()
        while span := self._next_packet():
            kind = span.header & packets.TYPE_MASK
            if kind == packets.PUBLISH:
                self._position = span.end
                self._on_publish_packet(self._read_publish(span))
            elif kind == packets.PUBACK:
                self._position = span.end
                self._on_puback(*packets.read_puback(self._unread, span))
            elif self.loop_read():
                return False
        if self._at_end:
            self.loop_read()
        return not self._at_end

    def expect_nothing(self) -> None:
        """Let paho go on pinging a broker whose answers are not read on purpose."""
        self._ping_t = 0
        self._last_bytes_received = time.monotonic()

    def queue(self, packet: bytes | bytearray) -> None:
        """Add a packet to what the next `flush` sends."""
        self._unsent += packet

    def flush(self) -> bool:
        """Send what was collected; false when the socket takes no more for now."""
        connection = self.socket()
        while self._unsent and connection is not None:
            try:
                sent = connection.send(self._unsent)
            except WOULD_BLOCK:
                return False
            except OSError:
                # The reading side notices the broken connection and reports it.
                self._unsent.clear()
                return True
            del self._unsent[:sent]
        return True

    def _read_publish(self, span: packets.Span) -> packets.Publish:
        return packets.read_publish(self._unread, span, has_properties=self._has_properties)

    def _next_packet(self) -> packets.Span | None:
        if self._position >= len(self._unread):
            return None
        return packets.find_packet(self._unread, self._position)

    def _fill(self) -> None:
        connection = self.socket()
        if connection is None:
            return
        chunks = [self._unread[self._position :]]
        try:
            chunks.append(connection.recv(READ_SIZE))
            # A TLS record already decrypted does not make the socket readable again.
            while isinstance(connection, ssl.SSLSocket) and connection.pending():
                chunks.append(connection.recv(READ_SIZE))
            self._at_end = not chunks[-1]
        except WOULD_BLOCK:
            pass
        except OSError:
            self._at_end = True
        self._unread = b"".join(chunks)
        self._position = 0

    def _sock_recv(self, bufsize: int) -> bytes:
        start = self._position
        chunk = self._unread[start : start + bufsize]
        if not chunk and not self._at_end:
            raise BlockingIOError
        self._position = start + len(chunk)
        return chunk

    def _sock_send(self, buf: bytes | bytearray) -> int:
        self._unsent += buf
        if buf[0] & packets.TYPE_MASK == DISCONNECT:
            self._flush_before_close()
        return len(buf)

    def _flush_before_close(self) -> None:
        connection = self.socket()
        if isinstance(connection, socket.socket):
            connection.settimeout(2)
        self.flush()
