# SPDX-License-Identifier: EUPL-1.2
"""The stand-in on its socket: HTTPS that asks for a client certificate; loopback only."""

from __future__ import annotations

import asyncio
import json
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import h11

from stadttakt_simulators.clock import system_clock, to_datetime
from stadttakt_simulators.mobilithek.authority import Authority, Identity
from stadttakt_simulators.mobilithek.broker import Broker, Received
from stadttakt_simulators.mobilithek.exchange import Reply, Request, read_request, write_reply
from stadttakt_simulators.mobilithek.faults import Faults

HOST = "127.0.0.1"
SWITCHBOARD = {"/faults", "/received"}
FLOOD = b"x" * 65_536


class StandIn:
    """One stand-in; `faults` and `broker` may be looked into and changed while it runs."""

    def __init__(self, authority: Authority, broker: Broker) -> None:
        self.broker = broker
        self.faults = Faults()
        self._authority = authority
        # A foreign authority's certificate: whoever trusts ours must refuse it.
        self._contexts = {
            "right": _context(authority, authority.issue("localhost")),
            "foreign": _context(authority, Authority.new("foreign").issue("localhost")),
        }
        self._context = _context(authority, authority.issue("localhost"))
        self._context.sni_callback = self._choose

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        """Serve until left; yields the port."""
        server = await asyncio.start_server(self._serve, HOST, port, ssl=self._context)
        async with server:
            yield int(server.sockets[0].getsockname()[1])

    def _choose(
        self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        connection.context = self._contexts[self.faults.certificate]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError, h11.ProtocolError):
            connection = h11.Connection(h11.SERVER)
            request = await read_request(connection, reader, _common_name(writer))
            if request is not None and request.path in SWITCHBOARD:
                await write_reply(connection, writer, self._switch(request))
            elif request is not None:
                await self._reply(connection, writer, request)
        writer.close()

    async def _reply(
        self, connection: h11.Connection, writer: asyncio.StreamWriter, request: Request
    ) -> None:
        faults = self.faults.take()
        if faults.reset == "before":
            writer.transport.abort()
            return
        await asyncio.sleep(faults.wait_s)
        if faults.status is not None:
            headers = {"retry-after": str(faults.retry_after)} if faults.retry_after else {}
            await write_reply(connection, writer, Reply(faults.status, b"out of order", headers))
            return
        reply = self.broker.answer(request, now())
        if faults.reset == "after":
            writer.transport.abort()
        elif faults.flood:
            await _flood(connection, writer)
        else:
            await write_reply(connection, writer, reply)

    def _switch(self, request: Request) -> Reply:
        """`PUT /faults` sets them, `GET /received` tells what was taken."""
        if (request.method, request.path) == ("PUT", "/faults"):
            try:
                self.faults = Faults.parse(request.body)
            except ValueError as error:
                return Reply(422, str(error).encode())
            return Reply(204)
        if (request.method, request.path) == ("GET", "/received"):
            return _json([_told(each) for each in self.broker.received])
        return Reply(405)


def now() -> datetime:
    """Return the time."""
    return to_datetime(system_clock()).astimezone(UTC)


async def _flood(connection: h11.Connection, writer: asyncio.StreamWriter) -> None:
    head = h11.Response(status_code=200, headers=[(b"transfer-encoding", b"chunked")])
    writer.write(connection.send(head) or b"")
    # A transport that lost its connection takes everything and says nothing.
    while not writer.is_closing():
        writer.write(connection.send(h11.Data(data=FLOOD)) or b"")
        await writer.drain()
        await asyncio.sleep(0)


def _context(authority: Authority, identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # As the Mobilithek's gateway: without a certificate one gets a 400, not a failed handshake.
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=authority.certificate_pem.decode())
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        chain.write_bytes(identity.certificate_pem + identity.key_pem())
        context.load_cert_chain(chain)
    return context


def _common_name(writer: asyncio.StreamWriter) -> str | None:
    peer = writer.get_extra_info("peercert") or {}
    names = dict(pair for part in peer.get("subject", ()) for pair in part)
    return names.get("commonName")


def _told(received: Received) -> dict[str, object]:
    return {
        "publication": received.publication,
        "client": received.client,
        "at": received.at.isoformat(),
        "media_type": received.media_type,
        "bytes": len(received.body),
        "sha256": received.digest,
    }


def _json(document: object) -> Reply:
    return Reply(200, json.dumps(document).encode(), {"content-type": "application/json"})
