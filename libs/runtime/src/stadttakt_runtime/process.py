# SPDX-License-Identifier: EUPL-1.2
"""One process: HTTP server, consumers and periodic work in one TaskGroup that owns them all.

A worker that ends by itself ends the process with an error, so that the orchestrator restarts it;
SIGTERM and SIGINT set `stop`, and every worker drains and leaves.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from stadttakt_runtime import log as logs
from stadttakt_runtime.errors import OperatorError
from stadttakt_runtime.settings import ServiceSettings

Worker = Callable[[asyncio.Event], Awaitable[None]]
log = logs.get_logger(__name__)


class WorkerEndedError(RuntimeError):
    """A worker returned although nobody asked the process to stop."""


LEAVE_WITHIN_S, HTTP_WITHIN_S = 22.0, 5
"""For workers, more than services take to drain (20 s), and then for open requests; all that may follow is in `service.LEAVES_AT_MOST_S`."""


class ListenError(OperatorError):
    """The HTTP port is taken or not ours to take."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process owns them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


async def serve(settings: ServiceSettings, app: ASGIApp, workers: Sequence[Worker]) -> None:
    """Run server and workers until a signal arrives or one of them fails."""
    listener = _listen(settings.http_host, settings.http_port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        server_stop = asyncio.Event()
        group.create_task(_http(app, listener, server_stop), name="http")
        group.create_task(_workers(workers, stop, server_stop), name="workers")


def _listen(host: str, port: int) -> socket.socket:
    """Bind before anything else starts: uvicorn would end the process where it stands."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise ListenError(f"cannot listen on {host}:{port}: {reason}") from error


async def _workers(workers: Sequence[Worker], stop: asyncio.Event, last: asyncio.Event) -> None:
    """Run the workers; the HTTP server leaves last, so that health answers while they drain.

    Who has not ended in time is cut off: it would wait for a database that is away until the process is killed.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_guarded(worker, stop), name=_name(worker)) for worker in workers
        ]
        await stop.wait()
        log.info("stopping")
        late = (await asyncio.wait(tasks, timeout=LEAVE_WITHIN_S))[1] if tasks else ()
        for task in late:
            log.warning("cut_off", worker=task.get_name())
            task.cancel()
    last.set()


async def _guarded(worker: Worker, stop: asyncio.Event) -> None:
    await worker(stop)
    if not stop.is_set():
        message = f"{_name(worker)} ended by itself"
        raise WorkerEndedError(message)


def _name(worker: Worker) -> str:
    return getattr(worker, "__qualname__", repr(worker))


async def _http(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=HTTP_WITHIN_S,
        timeout_keep_alive=75,
        lifespan="off",
        ws="none",
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve([listener]), name="uvicorn")
        stopping = group.create_task(stop.wait(), name="stop")
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        server.should_exit = True


def periodic(name: str, every_s: float, work: Callable[[], Awaitable[None]]) -> Worker:
    """Return a worker that runs `work` every `every_s` seconds until the process stops."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await work()
            await pause(stop, every_s)

    run.__qualname__ = name
    return run


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until the process stops."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def happened(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Wait for work; false where the process was told to stop before it was done."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work, name="work")
        stopping = group.create_task(stop.wait(), name="stop")
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        working.cancel()
    return not working.cancelled()


def run(service: str, settings: ServiceSettings, main: Callable[[], Awaitable[None]]) -> None:
    """Configure the logs and run a service's `main`; ends with 1 on failure.

    An `OperatorError` is one line, everything else a line with its traceback.
    """
    logs.configure(service, settings.log_level, settings.log_format)
    log.info("starting", settings=settings.public())
    _collect_seldom()
    failures: list[BaseException] = []
    try:
        uvloop.run(_until_told(main))
    except* Exception as group:  # noqa: BLE001 (logged, and the process ends)
        # Python 3.11.2 would wrap an exit from here into another group.
        failures.extend(_leaves(group))
    for error in failures:
        if isinstance(error, OperatorError):
            log.critical("ended", error=str(error))
        else:
            log.critical("ended", error=repr(error), exc_info=error)
    if failures:
        sys.exit(1)
    log.info("stopped")


def _collect_seldom() -> None:
    """Leave what was imported out of garbage collection, and collect in larger steps.

    A batch of 1,000 messages makes tens of thousands of short-lived objects; with the default
    threshold of 700 a third of the time goes into looking for cycles that are not there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


async def _until_told(main: Callable[[], Awaitable[None]]) -> None:
    """Run `main`; SIGTERM cancels it until `serve` takes over, as while it waits for a database at its start.

    A container's first process has no handler of the kernel's: it would be deaf to it until it is killed.
    """
    async with asyncio.TaskGroup() as group:
        working = group.create_task(_as_coroutine(main), name="main")
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
    if working.cancelled():
        log.info("stopping")


async def _as_coroutine(main: Callable[[], Awaitable[None]]) -> None:
    await main()


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
