# SPDX-License-Identifier: EUPL-1.2
"""Asking a service as somebody with certain scopes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from stadttakt_runtime.auth import storage
from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

Ask = Callable[..., Awaitable[httpx.Response]]


async def mint_key(database_url: str, *scopes: Scope) -> str:
    """Return a new API key with these scopes."""
    key = mint()
    async with (
        Database.open(database_url, schema="platform") as platform,
        platform.transaction() as connection,
    ):
        await storage.insert_key(
            connection, key, scopes=scopes, label="test", created_at=utc_now(), expires_at=None
        )
    return str(key)


def asker(http: httpx.AsyncClient, database_url: str) -> Ask:
    """Return a function that asks with a key of the scope it is told."""
    known: dict[Scope, str] = {}

    async def ask(method: str, path: str, scope: Scope, **options: Any) -> httpx.Response:
        if scope not in known:
            known[scope] = await mint_key(database_url, scope)
        headers = {"authorization": f"Bearer {known[scope]}", **options.pop("headers", {})}
        return await http.request(method, path, headers=headers, **options)

    return ask


async def downlink_in_state(ask: Ask, downlink_id: str, state: str) -> dict[str, Any]:
    """Ask until a downlink is in a state; return it."""
    for _ in range(400):
        answer = await ask("GET", f"/v1/downlinks/{downlink_id}", "devices:read")
        found: dict[str, Any] = answer.json()
        if found["state"] == state:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{found} instead of {state}")
