# SPDX-License-Identifier: EUPL-1.2
"""The five MQTT 5 packets that a publisher at QoS 1 needs; no session state."""

from __future__ import annotations

from dataclasses import dataclass

CONNECT, CONNACK, PUBLISH_QOS_1, PUBACK, DISCONNECT = 0x10, 0x20, 0x32, 0x40, b"\xe0\x00"
CLEAN_START, WITH_USERNAME, WITH_PASSWORD = 0x02, 0x80, 0x40
RECEIVE_MAXIMUM = 0x21
# Sizes of the CONNACK properties (MQTT 5, 3.2.2.3); -1: a string, -2: a pair of strings.
_PROPERTY_SIZES = {
    0x11: 4, 0x12: -1, 0x13: 2, 0x15: -1, 0x16: -1, 0x1A: -1, 0x1C: -1, 0x1F: -1,
    0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x26: -2, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip


class ProtocolError(ConnectionError):
    """The broker refused the connection or sent what a publisher cannot read."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet from the broker."""

    kind: int
    body: memoryview


def connect(client_id: str, username: str | None, password: str | None) -> bytes:
    """This function writes CONNECT with a clean start and no keep-alive."""
    flags, fields = CLEAN_START, _text(client_id)
    if username is not None:
        flags, fields = flags | WITH_USERNAME, fields + _text(username)
    if password is not None:
        flags, fields = flags | WITH_PASSWORD, fields + _text(password)
    body = _text("MQTT") + bytes([5, flags, 0, 0, 0]) + fields
    return bytes([CONNECT]) + length(len(body)) + body


def publish_parts(topic: bytes, payload: bytes) -> tuple[bytes, bytes]:
    """This function writes PUBLISH in two parts; the two bytes of the packet id go between them."""
    head = len(topic).to_bytes(2, "big") + topic
    return bytes([PUBLISH_QOS_1]) + length(
        len(head) + 2 + 1 + len(payload)
    ) + head, b"\x00" + payload


def length(value: int) -> bytes:
    """This function writes a variable byte integer (1.5.5)."""
    digits = bytearray()
    while True:
        value, digit = divmod(value, 128)
        digits.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(digits)


def split(buffer: bytearray) -> list[Packet]:
    """This function takes the whole packets off the front of a buffer."""
    data, start, whole = bytes(buffer), 0, []
    view = memoryview(data)
    while (end := _end(data, start)) is not None:
        body_start, body_end = end
        whole.append(Packet(data[start] & 0xF0, view[body_start:body_end]))
        start = body_end
    del buffer[:start]
    return whole


def receive_maximum(connack: memoryview) -> int:
    """This function returns how many publishes the broker lets fly; raises ProtocolError when it refused."""
    if connack[1]:
        raise ProtocolError(f"the broker refused the connection, reason code 0x{connack[1]:02x}")
    position, end = 3, 3 + connack[2]
    while position < end:
        kind, position = connack[position], position + 1
        size = _PROPERTY_SIZES.get(kind)
        if size is None:
            raise ProtocolError(f"CONNACK has the unknown property 0x{kind:02x}")
        if kind == RECEIVE_MAXIMUM:
            return int.from_bytes(connack[position : position + 2], "big")
        for _ in range(-size if size < 0 else 0):
            position += 2 + int.from_bytes(connack[position : position + 2], "big")
        position += max(size, 0)
    return 0xFFFF


def _end(data: bytes, start: int) -> tuple[int, int] | None:
    size, shift, position = 0, 0, start + 1
    while position < len(data):
        size |= (data[position] & 0x7F) << shift
        if data[position] < 0x80:
            end = position + 1 + size
            return (position + 1, end) if end <= len(data) else None
        shift, position = shift + 7, position + 1
    return None


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded
