# SPDX-License-Identifier: EUPL-1.2
"""Publishing in pipelines: many in flight, one receipt for a group; keeps to the broker's limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from stadttakt_runtime.errors import OperatorError
from stadttakt_runtime.mqtt import packets
from stadttakt_runtime.mqtt.client import FIRST_PAHO_MID
from stadttakt_runtime.mqtt.message import Outgoing

FIRST_FAILURE_CODE = 0x80
MAX_WINDOW = 2000
LARGEST_PACKET_BYTES = 268_435_460
"""What the length of a packet can express (2.1.4), header included."""


class PublishRefusedError(OperatorError):
    """The broker refused a message for good (MQTT 5, 3.4.2.1: not authorized, too large…)."""


class Receipt:
    """Counts down a group of publishes; the future ends with the last acknowledgement, its result is how many were over."""

    __slots__ = ("future", "over", "remaining")

    def __init__(self, count: int) -> None:
        self.remaining = count
        self.over = 0
        self.future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if not count:
            self.future.set_result(0)

    def one_done(self, *, is_over: bool = False) -> None:
        """Count one acknowledgement, or one message that nobody waits for any more."""
        self.over += is_over
        self.remaining -= 1
        if not self.remaining and not self.future.done():
            self.future.set_result(self.over)

    def fail(self, error: Exception) -> None:
        """End the group with an error."""
        if not self.future.done():
            self.future.set_exception(error)


@dataclass(frozen=True, slots=True)
class _Handed:
    """A message that was handed over, its group's receipt, and when it is over (monotonic seconds)."""

    message: Outgoing
    receipt: Receipt
    over_at: float | None


class Publishing:
    """The outgoing half of a session; what is unacknowledged is sent again after a reconnect.

    A message's expiry counts from when it was handed over: what waited or is sent again has what is left of it, and what is
    over counts as done and is sent no more. Section 4.4 wants that to be sent again too; at QoS 1 nothing at the receiver waits for it.
    """

    def __init__(
        self,
        send: Callable[[bytes | bytearray], None],
        content_type: str,
        *,
        qos: int = 1,
        has_properties: bool = True,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._send = send
        self._qos = qos
        self._has_properties = has_properties
        self._properties = packets.pack_properties(content_type)
        self._now = now
        self._waiting: deque[_Handed] = deque()
        self._flying: dict[int, _Handed] = {}
        self._last_mid = 0
        self._window = 0
        self._max_packet_bytes = LARGEST_PACKET_BYTES

    def publish_all(self, outgoing: Iterable[Outgoing]) -> asyncio.Future[int]:
        """Hand over a group; the future ends when the broker has acknowledged every one that is not over."""
        group = list(outgoing)
        receipt, now = Receipt(len(group)), self._now()
        for message in group:
            over_at = None if message.expiry_s is None else now + max(1, message.expiry_s)
            self._waiting.append(_Handed(message, receipt, over_at))
        self._pump()
        return receipt.future

    @property
    def online(self) -> bool:
        """Tell whether the session is up."""
        return self._window > 0

    @property
    def pending(self) -> int:
        """How many are handed over and not acknowledged."""
        return len(self._waiting) + len(self._flying)

    def go_online(self, receive_maximum: int, max_packet_bytes: int = LARGEST_PACKET_BYTES) -> None:
        """Send again what an earlier connection left open (4.4), then what waits."""
        self._window = min(receive_maximum, MAX_WINDOW)
        self._max_packet_bytes = max_packet_bytes
        for mid, handed in [*self._flying.items()]:
            if self._is_over(handed):
                del self._flying[mid]
                handed.receipt.one_done(is_over=True)
                continue
            packet = self._written(handed, mid)
            packet[0] |= packets.DUP
            self._send(packet)
        self._pump()

    def go_offline(self) -> None:
        """Keep everything until the next connection."""
        self._window = 0

    def on_puback(self, mid: int, reason: int) -> None:
        """Count the broker's acknowledgement, or end the group with its refusal."""
        flying = self._flying.pop(mid, None)
        if flying is None:
            return
        receipt = flying.receipt
        if reason >= FIRST_FAILURE_CODE:
            receipt.fail(PublishRefusedError(f"the broker refused a message: 0x{reason:02x}"))
        receipt.one_done()
        if self._waiting:
            self._pump()

    def _pump(self) -> None:
        """Send as many of the waiting as the broker's Receive Maximum allows (3.3.4)."""
        while self._waiting and len(self._flying) < self._window:
            handed = self._waiting.popleft()
            message, receipt = handed.message, handed.receipt
            if self._is_over(handed):
                receipt.one_done(is_over=True)
                continue
            mid = self._next_mid() if self._qos else 0
            packet = self._written(handed, mid)
            if len(packet) > self._max_packet_bytes:
                # The broker would close the connection, again after each reconnect (3.2.2.3.6).
                receipt.fail(
                    PublishRefusedError(
                        f"{len(packet)} bytes for {message.topic};"
                        f" the broker takes {self._max_packet_bytes}"
                    )
                )
                receipt.one_done()
                continue
            if mid:
                self._flying[mid] = handed
            else:
                # At QoS 0 nobody acknowledges: handed over is all that can be said.
                receipt.one_done()
            self._send(packet)

    def _is_over(self, handed: _Handed) -> bool:
        return handed.over_at is not None and handed.over_at <= self._now()

    def _written(self, handed: _Handed, mid: int) -> bytearray:
        message = handed.message
        return packets.write_publish(
            message.topic.encode(),
            message.payload,
            mid=mid,
            retain=message.retain,
            properties=self._pack_properties(handed.over_at),
        )

    def _pack_properties(self, over_at: float | None) -> bytes | None:
        if not self._has_properties:
            return None
        if over_at is None:
            return self._properties
        return self._properties + packets.pack_expiry(max(1, ceil(over_at - self._now())))

    def _next_mid(self) -> int:
        mid = self._last_mid
        while True:
            mid = mid % (FIRST_PAHO_MID - 1) + 1
            if mid not in self._flying:
                self._last_mid = mid
                return mid
