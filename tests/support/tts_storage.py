# SPDX-License-Identifier: EUPL-1.2
"""A stand-in for The Things Stack's Storage Integration: a third party's network over real sockets.

It answers as the documented API does (lines of `{"result": …}`, filters, limit, order), and fails
as it is told.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "NNSXS.A-KEY-FOR-TESTS"
APPLICATION = "parking"


@dataclass(frozen=True)
class Answer:
    """A refusal, or with status 200 an answer that is cut off after some lines."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_after: int | None = None
    last_line: bytes = b""


@dataclass
class StorageServer:
    """What it keeps, what it was asked, and how it is to answer next."""

    url: str = ""
    lines: list[tuple[datetime, str, bytes]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    next_answers: deque[Answer] = field(default_factory=deque)
    line_delay_s: float = 0.0
    most_at_once: int = 1_000_000

    def keep(self, message: dict[str, Any]) -> None:
        received = datetime.fromisoformat(message["received_at"])
        line = json.dumps({"result": message}, separators=(",", ":")).encode()
        self.lines.append((received, message["end_device_ids"]["device_id"], line))

    def keep_line(self, received_at: datetime, line: bytes) -> None:
        self.lines.append((received_at, "", line))

    def chosen(self, path: str, query: dict[str, str]) -> list[bytes]:
        after, before = (datetime.fromisoformat(query[name]) for name in ("after", "before"))
        device = (
            path.split("/devices/")[1].split("/", maxsplit=1)[0] if "/devices/" in path else None
        )
        found = [
            each
            for each in sorted(self.lines, key=lambda each: each[0])
            # Times have nanoseconds there, so one cut to the microsecond lies before its message.
            if after <= each[0] < before and (device is None or each[1] == device)
        ]
        return [line for _, _, line in found][: min(int(query["limit"]), self.most_at_once)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            target = urlsplit(head[0].split(" ")[1])
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            query = {name: values[0] for name, values in parse_qs(target.query).items()}
            self.asked.append({**query, "path": target.path, "accept": headers.get("accept", "")})
            await self._answer(target.path, query, headers, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, path: str, query: dict[str, str], headers: dict[str, str], writer: Any
    ) -> None:
        answer = self.next_answers.popleft() if self.next_answers else Answer()
        if headers.get("authorization") != f"bearer {KEY}".lower():
            answer = Answer(401, body=b'{"code":16,"message":"error:unauthenticated"}')
        elif f"/api/v3/as/applications/{APPLICATION}/" not in path:
            answer = Answer(404, body=b'{"code":5,"message":"error:application_not_found"}')
        if answer.status != 200:
            extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
            writer.write(
                f"HTTP/1.1 {answer.status} No\r\n{extra}content-length: {len(answer.body)}\r\n"
                f"connection: close\r\n\r\n".encode()
                + answer.body
            )
            await writer.drain()
            return
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )
        for line in self.chosen(path, query)[: answer.cut_after]:
            await self._write(writer, line + b"\n")
        if answer.last_line:
            await self._write(writer, answer.last_line + b"\n")
        if answer.cut_after is None:
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    async def _write(self, writer: Any, data: bytes) -> None:
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await writer.drain()
        if self.line_delay_s:
            await asyncio.sleep(self.line_delay_s)


@asynccontextmanager
async def storage_server() -> AsyncIterator[StorageServer]:
    """Yield a running server on a free port of the loopback."""
    server = StorageServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


def stored(number: int, received_at: datetime, device: str = "bay-1") -> dict[str, Any]:
    """Return an uplink as the storage gives it: without some of what the live message had."""
    at = (
        f"{received_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}789Z"
    )
    return {
        "end_device_ids": {
            "device_id": device,
            "application_ids": {"application_id": APPLICATION},
            "dev_eui": "0200000000000001",
            "dev_addr": "014457CB",
        },
        "received_at": at,
        "uplink_message": {
            "session_key_id": "AXPoziFRvbcEguvZQoCCZw==",
            "f_port": 1,
            "f_cnt": number,
            "frm_payload": "AQ==" if number % 2 else "AA==",
            "rx_metadata": [{"gateway_ids": {"gateway_id": "gtw1"}}],
            "received_at": at,
        },
    }
