# SPDX-License-Identifier: EUPL-1.2
"""What a request and an answer are, and the bytes between: HTTP/1.1 over one connection, by h11."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import h11

LARGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One request; `client` is the common name of the client's certificate."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    client: str | None


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


async def read_request(
    connection: h11.Connection, reader: asyncio.StreamReader, client: str | None
) -> Request | None:
    """Return the next request, nothing where the client has left.

    Raises:
        h11.RemoteProtocolError: that is no HTTP.

    """
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                raise h11.RemoteProtocolError("too large", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, bytes(body), client)
        elif isinstance(event, h11.ConnectionClosed):
            return None


async def write_reply(
    connection: h11.Connection, writer: asyncio.StreamWriter, reply: Reply
) -> None:
    """Send an answer and close."""
    headers = {"connection": "close", **reply.headers}
    if reply.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        headers["content-length"] = str(len(reply.body))
    head = h11.Response(
        status_code=reply.status,
        headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        reason=HTTPStatus(reply.status).phrase.encode(),
    )
    writer.write(connection.send(head) or b"")
    if reply.body:
        writer.write(connection.send(h11.Data(data=reply.body)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()


def _request(head: h11.Request, body: bytes, client: str | None) -> Request:
    target = urlsplit(head.target.decode("ascii", "replace"))
    query = {name: values[-1] for name, values in parse_qs(target.query).items()}
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in head.headers}
    return Request(head.method.decode(), target.path, query, headers, body, client)
