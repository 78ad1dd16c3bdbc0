# SPDX-License-Identifier: EUPL-1.2
"""The network between services and servers, as it can be cut: every link is a small TCP proxy."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal, Self, TypeVar

Mode = Literal["open", "cut", "stalled"]
T = TypeVar("T")
READ_BYTES = 1 << 16
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing resets (RFC 9293, 3.5.3)."""


class Link:
    """One listening port that leads to another; all state belongs to the network's thread."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.delay_s = 0.0
        self._target_port = target_port
        self._mode: Mode = "open"
        self._flowing = _set()
        self._forgotten: list[asyncio.Event] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> asyncio.Server:
        """Begin to take connections."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def turn(self, mode: Mode) -> None:
        """Let everything through, nothing (what comes waits), or break connections and refuse new ones."""
        self._mode = mode
        if mode == "stalled":
            self._flowing.clear()
        else:
            self._flowing.set()
        if mode == "cut":
            for flowing in self._forgotten:
                flowing.set()
            self.reset()

    def forget(self) -> None:
        """Carry nothing more on the present connections, and tell neither end; new ones are carried."""
        self._flowing.clear()
        self._forgotten.append(self._flowing)
        self._flowing = _set()

    def reset(self) -> None:
        """Break the present connections with a reset."""
        for writer in list(self._writers):
            _break(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        flowing = self._flowing
        try:
            if self._mode == "cut":
                return
            await flowing.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(far_writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(flowing, reader, far_writer))
                    group.create_task(self._pump(flowing, far_reader, writer))
            finally:
                self._writers.discard(far_writer)
                _break(far_writer)
        except* OSError:
            # An end that breaks off is what this is for.
            pass
        finally:
            self._writers.discard(writer)
            _break(writer)

    async def _pump(
        self, flowing: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(READ_BYTES):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            await flowing.wait()
            writer.write(data)
            await writer.drain()
        # Neither protocol closes one direction only.
        raise ConnectionResetError("the other end is gone")


class Network:
    """All links, in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._links: list[Link] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="network")

    def link(self, target_port: int) -> Link:
        """Open a link to a port."""
        link = Link(target_port)
        self._links.append(link)
        self._servers.append(asyncio.run_coroutine_threadsafe(link.listen(), self._loop).result())
        return link

    def do(self, change: Callable[[], None]) -> None:
        """Change something about links, and wait until it is so."""
        done = threading.Event()

        def work() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(work)
        done.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for link in self._links:
            link.turn("cut")
        own = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not own]
        if left:
            await asyncio.wait(left, timeout=5)


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def _break(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def done_after_a_cut(network: Network, link: Link, work: Awaitable[T]) -> T:
    """Return what work returns that begins while its link is cut, and must wait until it is open again."""
    network.do(partial(link.turn, "cut"))
    working = asyncio.ensure_future(work)
    await asyncio.wait([working], timeout=1)
    network.do(partial(link.turn, "open"))
    assert not working.done(), working
    return await asyncio.wait_for(working, 60)
