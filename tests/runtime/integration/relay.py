# SPDX-License-Identifier: EUPL-1.2
"""A relay before a real server that can be cut and held, as a network can."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Relay:
    """Passes bytes between clients and a server's port, which it reaches from an address of its own."""

    def __init__(self, port: int, source: str) -> None:
        self._target = port
        self._source = source
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.port = 0
        self.accepted = 0

    def cut(self) -> None:
        """Break every connection at once, as a router that restarts."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def hold(self) -> None:
        """Pass on nothing until `release`, as a link that is forgotten on the way."""
        self._open.clear()

    def release(self) -> None:
        """Pass everything on again."""
        self._open.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        await self._open.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self._target, local_addr=(self._source, 0)
            )
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()


@asynccontextmanager
async def relayed(port: int, *, source: str = "127.0.0.1", at: int = 0) -> AsyncIterator[Relay]:
    """Yield a relay before a port of this machine; `at`: its own port, any free one if none is named."""
    relay = Relay(port, source)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", at)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.release()
        relay.cut()
