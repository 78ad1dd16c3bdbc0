# SPDX-License-Identifier: EUPL-1.2
"""Reads numbers off a payload front to back; owns the offset in errors, knows no device."""

from __future__ import annotations

from typing import Literal

from uplink_decoder.codecs.model import CodecError, Frame

ByteOrder = Literal["little", "big"]

MAX_APPLICATION_PORT = 223  # LoRaWAN 1.0.3, 4.3.2: 224 and above belong to the protocol


class PayloadReader:
    """A cursor over one payload in one byte order; every read past the end is a CodecError."""

    __slots__ = ("_order", "_payload", "offset")

    def __init__(self, payload: bytes, order: ByteOrder) -> None:
        if not payload:
            raise CodecError("byte 0: the payload is empty")
        self._payload = payload
        self._order: ByteOrder = order
        self.offset = 0

    @property
    def remaining(self) -> int:
        """How many bytes are not read yet."""
        return len(self._payload) - self.offset

    def take(self, size: int, what: str) -> bytes:
        """This function returns the next `size` bytes, `what` being their name in an error."""
        if self.remaining < size:
            reason = f"{what} needs {size} bytes, {self.remaining} are left"
            raise CodecError(f"byte {self.offset}: {reason}")
        start = self.offset
        self.offset = start + size
        return self._payload[start : self.offset]

    def unsigned(self, size: int, what: str) -> int:
        """This function returns the next `size` bytes as an unsigned integer."""
        return int.from_bytes(self.take(size, what), self._order)

    def signed(self, size: int, what: str) -> int:
        """This function returns the next `size` bytes as a two's complement integer."""
        return int.from_bytes(self.take(size, what), self._order, signed=True)

    def hex_rest(self) -> str:
        """This function takes everything left and returns it as lower-case hexadecimal digits."""
        return self.take(self.remaining, "rest").hex()

    def trailing(self) -> tuple[str, ...]:
        """This function returns a warning when bytes follow the layout (newer firmware)."""
        if not self.remaining:
            return ()
        return (f"byte {self.offset}: {self.remaining} bytes after the known layout ignored",)


def flag(byte: int, bit: int) -> bool:
    """This function tells whether a bit (0 = least significant) of a byte is set."""
    return bool(byte >> bit & 1)


def unknown_port(frame: Frame) -> CodecError:
    """This function returns the error for a port on which the device is not known to send."""
    return CodecError(f"byte 0: no frame is known on port {frame.f_port}")


def require_application_port(frame: Frame) -> None:
    """This function refuses ports that never carry application data."""
    if not 1 <= frame.f_port <= MAX_APPLICATION_PORT:
        raise unknown_port(frame)


def require_length(frame: Frame, *lengths: int) -> None:
    """This function refuses a payload that has none of the lengths the layout knows."""
    size = len(frame.payload)
    if size not in lengths:
        known = " or ".join(str(length) for length in lengths)
        raise CodecError(f"byte {min(size, max(lengths))}: {size} bytes, the layout has {known}")
