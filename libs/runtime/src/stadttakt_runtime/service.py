# SPDX-License-Identifier: EUPL-1.2
"""How a service with a schema runs: database opened, schema checked, then one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import asyncpg
from fastapi import FastAPI

from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database, drain
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.migrations.check import SchemaTooOldError, require_schema
from stadttakt_runtime.migrations.target import MigrationTarget
from stadttakt_runtime.process import Worker, pause, serve
from stadttakt_runtime.settings import ServiceSettings

DATABASE = "database"
PROBE_EVERY_S = 2.0


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
        await database.persist(lambda connection: require_schema(connection, target))
        attach_database(app, database)
        own = (database_probe(database, app.state.readiness), drainer(app))
        await serve(settings, app, [*own, *workers(database)])


def database_probe(database: Database, readiness: Readiness) -> Worker:
    """Return the worker that keeps the condition `database` true to life."""

    async def probe_database(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await database.is_reachable():
                readiness.set(DATABASE)
            else:
                readiness.clear(DATABASE, "does not answer")
            await pause(stop, PROBE_EVERY_S)

    return probe_database


def drainer(app: FastAPI) -> Worker:
    """Return the worker that ends event streams when the process stops."""

    async def drain_http(stop: asyncio.Event) -> None:
        await stop.wait()
        drain(app)

    return drain_http
