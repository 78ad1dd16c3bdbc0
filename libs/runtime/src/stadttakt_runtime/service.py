# SPDX-License-Identifier: EUPL-1.2
"""How a service with a schema runs: database opened, schema checked, then one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import asyncpg
from fastapi import FastAPI
from prometheus_client import Gauge

from stadttakt_runtime.clock import CLOCK
from stadttakt_runtime.database import CLOSE_S, LET_GO_S, Database
from stadttakt_runtime.http.app import attach_database, drain
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.migrations.check import SchemaTooOldError, require_schema
from stadttakt_runtime.migrations.target import MigrationTarget
from stadttakt_runtime.process import HTTP_WITHIN_S, LEAVE_WITHIN_S, Worker, pause, serve
from stadttakt_runtime.settings import ServiceSettings
from stadttakt_runtime.tracing.span import ANSWERS_WITHIN_S

log = get_logger(__name__)
DATABASE = "database"
PROBE_EVERY_S, MOST_OFF_S = 2.0, 2.0
LOOK_AGAIN_S = 0.5
LEAVES_AT_MOST_S = LEAVE_WITHIN_S + ANSWERS_WITHIN_S + 2 * LET_GO_S + HTTP_WITHIN_S + CLOSE_S
"""From a signal until a service has left: workers drain or are cut off, which sends what is left of traces and gives up a statement and its connection; then
open requests and the pool. Whoever starts services must not kill them before."""
CLOCK_OFF = Gauge(
    "stadttakt_clock_off_seconds",
    "By how much a clock is ahead of the time that the service goes by",
    ["clock"],
)


def _no_workers(_database: Database) -> Sequence[Worker]:
    return ()


async def serve_with_database(
    settings: ServiceSettings,
    app: FastAPI,
    target: MigrationTarget,
    workers: Callable[[Database], Sequence[Worker]] = _no_workers,
) -> None:
    """Run until a signal; readiness has the condition `database`.

    Raises SchemaTooOldError where the schema lacks revisions.
    """
    async with AsyncExitStack() as stack:
        opening = Database.open(
            settings.database_url.get_secret_value(),
            schema=target.schema,
            size=settings.database_pool_size,
        )
        try:
            database = await stack.enter_async_context(opening)
        except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
            # The role does not exist, or this user may not act as it: nothing was migrated.
            raise SchemaTooOldError.of(target, str(error)) from error
        await _see_clock(database)
        await database.persist(lambda connection: require_schema(connection, target))
        attach_database(app, database)
        own = (database_probe(database, app.state.readiness), drainer(app))
        await serve(settings, app, [*own, *workers(database)])


async def _see_clock(database: Database) -> None:
    """Wait for the first look at the database's clock, as for the database: nothing is decided by the machine's alone."""
    while not await database.is_reachable():
        log.warning("database_away", what="clock", pause_s=LOOK_AGAIN_S)
        await asyncio.sleep(LOOK_AGAIN_S)


def database_probe(database: Database, readiness: Readiness) -> Worker:
    """Return the worker that keeps the condition `database` true to life, and tells when a clock is wrong."""

    async def probe_database(stop: asyncio.Event) -> None:
        was_off = False
        while not stop.is_set():
            if await database.is_reachable():
                readiness.set(DATABASE)
            else:
                readiness.clear(DATABASE, "does not answer")
            was_off = _tell_clock(was_off=was_off)
            await pause(stop, PROBE_EVERY_S)

    return probe_database


def _tell_clock(*, was_off: bool) -> bool:
    """Tell by how much the machine's clock and the database's are off; return whether that is too much."""
    off_s = CLOCK.off_s()
    for clock, seconds in off_s.items():
        CLOCK_OFF.labels(clock).set(seconds)
    is_off = any(abs(seconds) > MOST_OFF_S for seconds in off_s.values())
    if is_off != was_off:
        rounded = {clock: round(seconds, 1) for clock, seconds in off_s.items()}
        log.warning("clock_wrong" if is_off else "clock_right", off_s=rounded)
    return is_off


def drainer(app: FastAPI) -> Worker:
    """Return the worker that ends event streams when the process stops."""

    async def drain_http(stop: asyncio.Event) -> None:
        await stop.wait()
        drain(app)

    return drain_http
