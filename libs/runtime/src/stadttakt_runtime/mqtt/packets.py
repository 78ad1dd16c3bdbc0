# SPDX-License-Identifier: EUPL-1.2
"""The two packets of the hot path, PUBLISH and PUBACK, read and written without objects.

MQTT 5.0, sections 2.1 (fixed header), 3.3 (PUBLISH) and 3.4 (PUBACK). All other packets are left
to paho, which spends 70 µs on each of these two (docs/decisions/0003).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

PUBLISH = 0x30
PUBACK = 0x40
TYPE_MASK = 0xF0
DUP = 0x08
RETAIN = 0x01

CONTENT_TYPE = 0x03
MESSAGE_EXPIRY = 0x02

_u16 = struct.Struct("!H")
_expiry = struct.Struct("!BI")
_puback = struct.Struct("!BBH")


class MalformedError(ValueError):
    """The broker sent bytes that are no MQTT 5 packet."""


class Span(NamedTuple):
    """One whole packet in a buffer: its first byte, where its body starts and ends."""

    header: int
    start: int
    end: int


class Publish(NamedTuple):
    """A PUBLISH without its properties; `mid` is 0 at QoS 0."""

    topic: bytes
    payload: bytes
    qos: int
    dup: bool
    retain: bool
    mid: int


def find_packet(buffer: bytes, position: int) -> Span | None:
    """Return the packet that begins at `position`, or nothing while it is not whole."""
    length, start = _varint(buffer, position + 1)
    if start < 0 or start + length > len(buffer):
        return None
    return Span(buffer[position], start, start + length)


def read_publish(buffer: bytes, span: Span, *, has_properties: bool = True) -> Publish:
    """Read a PUBLISH; its properties are skipped, of which MQTT 3.1.1 has none."""
    header, start, end = span
    if end - start < 2:
        raise MalformedError("PUBLISH shorter than its topic length")
    topic_end = start + 2 + (buffer[start] << 8 | buffer[start + 1])
    topic = buffer[start + 2 : topic_end]
    qos = header >> 1 & 3
    mid = 0
    position = topic_end
    if qos:
        if position + 2 > end or qos > 2:
            raise MalformedError("PUBLISH without packet identifier, or of QoS 3")
        mid = buffer[position] << 8 | buffer[position + 1]
        position += 2
    length, payload_start = _varint(buffer, position) if has_properties else (0, position)
    payload_start += length
    if payload_start < position or payload_start > end:
        raise MalformedError("PUBLISH properties longer than the packet")
    payload = buffer[payload_start:end]
    return Publish(topic, payload, qos, bool(header & DUP), bool(header & RETAIN), mid)


def read_puback(buffer: bytes, span: Span) -> tuple[int, int]:
    """Return packet identifier and reason code; an absent reason is success (3.4.2.1)."""
    _, start, end = span
    if end - start < 2:
        raise MalformedError("PUBACK without packet identifier")
    reason = buffer[start + 2] if end - start > 2 else 0
    return buffer[start] << 8 | buffer[start + 1], reason


def write_puback(mid: int) -> bytes:
    """Return a PUBACK of success."""
    return _puback.pack(PUBACK, 2, mid)


def write_publish(
    topic: bytes, payload: bytes, *, mid: int, retain: bool, properties: bytes | None
) -> bytearray:
    """Return a PUBLISH at QoS 1, at QoS 0 with a `mid` of 0.

    `properties` are packed, without their length; none at all is MQTT 3.1.1.
    """
    packed = b"" if properties is None else _write_varint(len(properties)) + properties
    identifier = _u16.pack(mid) if mid else b""
    body = b"".join((_u16.pack(len(topic)), topic, identifier, packed, payload))
    packet = bytearray((PUBLISH | (0x02 if mid else 0) | (RETAIN if retain else 0),))
    packet += _write_varint(len(body))
    packet += body
    return packet


def pack_properties(content_type: str, expiry_s: int | None = None) -> bytes:
    """Return the properties of our publishes (3.3.2.3.3 and 3.3.2.3.9)."""
    encoded = content_type.encode()
    packed = bytes((CONTENT_TYPE,)) + _u16.pack(len(encoded)) + encoded
    return packed if expiry_s is None else packed + pack_expiry(expiry_s)


def pack_expiry(expiry_s: int) -> bytes:
    """Return the property of what holds for so long only (3.3.2.3.3)."""
    return _expiry.pack(MESSAGE_EXPIRY, expiry_s)


def _varint(buffer: bytes, position: int) -> tuple[int, int]:
    """Return a variable byte integer (1.5.5) and where it ends; -1 while it is not whole."""
    if position < len(buffer) and buffer[position] < 0x80:
        return buffer[position], position + 1
    value = 0
    for index in range(4):
        if position + index >= len(buffer):
            return 0, -1
        byte = buffer[position + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise MalformedError("a length of more than four bytes")


def _write_varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
