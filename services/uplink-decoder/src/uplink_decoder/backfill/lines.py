# SPDX-License-Identifier: EUPL-1.2
"""The storage's answer cut into lines, each of bounded length, and what one line says; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from uplink_decoder.dialects.reading import MAX_MESSAGE_BYTES
from uplink_decoder.domain.times import read_time


class Line(NamedTuple):
    """One stored message as the server would have sent it live; `received_at` is its own time.

    Without `received_at` the line is broken and `payload` is all of it.
    """

    payload: bytes
    received_at: datetime | None


class StreamError(Exception):
    """The server ended its answer with an error of its own; `code` is gRPC's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Error(msgspec.Struct):
    code: int = 2
    grpc_code: int | None = None
    message: str = ""


NOTHING = msgspec.Raw()


class _Line(msgspec.Struct):
    result: msgspec.Raw = NOTHING
    error: _Error | None = None


class _Times(msgspec.Struct):
    received_at: str | None = None


_line = msgspec.json.Decoder(_Line)
_times = msgspec.json.Decoder(_Times)


class LineSplitter:
    """Cuts chunks of bytes into lines; what is longer than a message may be is cut off."""

    def __init__(self, longest: int = 2 * MAX_MESSAGE_BYTES) -> None:
        self._longest = longest
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Return the lines that are complete now, without empty ones."""
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            self._keep(chunk[begin:end])
            yield from self._take()
            begin = end + 1
        self._keep(chunk[begin:])

    def finish(self) -> Iterator[bytes]:
        """Return the last line, which may lack its line feed."""
        yield from self._take()

    def _keep(self, part: bytes) -> None:
        self._rest += part[: self._longest - len(self._rest)]

    def _take(self) -> Iterator[bytes]:
        line = bytes(self._rest).strip()
        self._rest.clear()
        if line:
            yield line


def read_line(line: bytes) -> Line:
    """Return what one line of the answer says.

    Raises:
        StreamError: the line is not a message but why there are no more.

    """
    try:
        read = _line.decode(line)
        if read.error is not None:
            error = read.error
            code = error.code if error.grpc_code is None else error.grpc_code
            # What is told of it is stored, and PostgreSQL takes no NUL.
            raise StreamError(code, error.message[:300].replace("\x00", " "))
        payload = bytes(read.result)
        if not payload:
            return Line(line, None)
        return Line(payload, read_time(_times.decode(payload).received_at))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Line(line, None)
