# SPDX-License-Identifier: EUPL-1.2
"""Applications for tests, and serving one over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from stadttakt_runtime.http.app import create_app
from stadttakt_runtime.http.hot import HotRoute
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.http.sse import Broadcaster
from stadttakt_runtime.settings import ServiceSettings


def make_app(
    *routers: APIRouter,
    broadcasters: Sequence[Broadcaster] = (),
    hot_routes: Sequence[HotRoute] = (),
) -> FastAPI:
    """Return an application that waits for a database and takes bodies of 1 KiB."""
    return create_app(
        title="Test",
        description="An application for tests.",
        version="0.0.1",
        settings=ServiceSettings(max_body_bytes=1024),
        readiness=Readiness("database"),
        routers=routers,
        broadcasters=broadcasters,
        hot_routes=hot_routes,
    )


@asynccontextmanager
async def in_process(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that calls the application directly and sees its 500 answers."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a real server: bodies are chunked and answers stream as outside."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with asyncio.TaskGroup() as group:
        group.create_task(server._serve([listener]))
        async with httpx.AsyncClient(base_url=address, timeout=5) as client:
            yield client
        server.should_exit = True
