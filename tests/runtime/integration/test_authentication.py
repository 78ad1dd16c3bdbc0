# SPDX-License-Identifier: EUPL-1.2
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter

from stadttakt_runtime.auth import storage
from stadttakt_runtime.auth.api_key import ApiKey, mint
from stadttakt_runtime.auth.dependencies import OptionalPrincipal, require
from stadttakt_runtime.auth.key_cache import KeyCache
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database, create_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.settings import ServiceSettings

MakeKey = Callable[..., Awaitable[ApiKey]]

router = APIRouter(prefix="/v1/devices", dependencies=[require("devices:read")])
public = APIRouter(prefix="/v1/vehicles")


@router.get("/{dev_eui}")
async def read(dev_eui: str) -> str:
    return dev_eui


@router.put("/{dev_eui}")
async def write(dev_eui: str, who: Annotated[Principal, require("devices:write")]) -> str:
    return f"{dev_eui} by {who}"


@public.get("")
async def vehicles(who: OptionalPrincipal) -> dict[str, int | None]:
    return {"load": 31 if who and who.may("transit:read") else None}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, schema="kpi") as database:
        yield database


@pytest.fixture
async def platform(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, schema="platform") as database:
        yield database


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        title="Test",
        description="",
        version="0",
        settings=ServiceSettings(),
        readiness=Readiness(),
        routers=[router, public],
    )
    attach_database(app, database)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def make_key(platform: Database) -> MakeKey:
    async def make(*scopes: Scope, expires_at: datetime | None = None) -> ApiKey:
        key = mint()
        async with platform.transaction() as connection:
            await storage.insert_key(
                connection,
                key,
                scopes=scopes,
                label="test",
                created_at=utc_now(),
                expires_at=expires_at,
            )
        return key

    return make


def bearer(key: object) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_key_with_the_scope_passes_and_is_named(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    key = await make_key("devices:read", "devices:write")
    answer = await client.put("/v1/devices/ab", headers=bearer(key))
    assert (answer.status_code, answer.json()) == (200, f"ab by api_key:{key.key_id}")


async def test_key_without_the_scope_is_403_and_told_which(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    answer = await client.put("/v1/devices/ab", headers=bearer(await make_key("devices:read")))
    assert answer.status_code == 403
    assert (answer.json()["code"], answer.json()["scope"]) == (
        "insufficient_scope",
        "devices:write",
    )
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_router_and_endpoint_scopes_are_both_needed(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    answer = await client.put("/v1/devices/ab", headers=bearer(await make_key("devices:write")))
    assert (answer.status_code, answer.json()["scope"]) == (403, "devices:read")


async def test_admin_may_everything(client: httpx.AsyncClient, make_key: MakeKey) -> None:
    answer = await client.put("/v1/devices/ab", headers=bearer(await make_key("admin")))
    assert answer.status_code == 200


async def test_wrong_keys_are_401(client: httpx.AsyncClient, make_key: MakeKey) -> None:
    key = await make_key("admin")
    expired = await make_key("admin", expires_at=utc_now() - timedelta(seconds=1))
    wrong = [
        mint(),
        key._replace(secret="A" * 43),
        expired,
        "stk_",
        "eyJhbGciOiJub25lIn0.e30.",
        "x",
    ]
    for one in wrong:
        answer = await client.get("/v1/devices/ab", headers=bearer(one))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "stk_x"])
async def test_no_bearer_key_is_401(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/v1/devices/ab", headers={"authorization": header})
    assert answer.status_code == 401


async def test_optional_key_shows_more_and_a_wrong_one_is_an_error(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    assert (await client.get("/v1/vehicles")).json() == {"load": None}
    other = await client.get("/v1/vehicles", headers=bearer(await make_key("devices:read")))
    assert other.json() == {"load": None}
    reader = await client.get("/v1/vehicles", headers=bearer(await make_key("transit:read")))
    assert reader.json() == {"load": 31}
    assert (await client.get("/v1/vehicles", headers=bearer(mint()))).status_code == 401


async def test_revoked_key_stops_working_within_ten_seconds(
    database: Database, platform: Database, make_key: MakeKey
) -> None:
    key, time_s = await make_key("admin"), [0.0]
    cache = KeyCache(database, time=lambda: time_s[0])
    assert await cache.principal(key) is not None
    async with platform.transaction() as connection:
        assert await storage.revoke_key(connection, key.key_id, utc_now()) is True
        assert await storage.revoke_key(connection, key.key_id, utc_now()) is False
    time_s[0] = 9.9
    assert await cache.principal(key) is not None
    time_s[0] = 10.1
    assert await cache.principal(key) is None


async def test_use_is_noted_at_most_once_a_minute(
    database: Database, platform: Database, make_key: MakeKey
) -> None:
    key = await make_key("admin")

    async def last_used() -> datetime | None:
        async with platform.connection() as connection:
            stored = await storage.fetch_key(connection, key.key_id)
        return stored.last_used_at if stored else None

    assert await KeyCache(database).principal(key._replace(secret="A" * 43)) is None
    assert await last_used() is None
    await KeyCache(database).principal(key)
    first = await last_used()
    assert first is not None
    await KeyCache(database).principal(key)
    assert await last_used() == first
    async with platform.transaction() as connection:
        await storage.note_use(connection, key.key_id, first + timedelta(seconds=61))
    assert await last_used() == first + timedelta(seconds=61)


async def test_secret_is_nowhere_in_the_database(platform: Database, make_key: MakeKey) -> None:
    key = await make_key("admin")
    async with platform.connection() as connection:
        row = await connection.fetchval("select api_key::text from platform.api_key")
    assert key.key_id in row
    assert key.secret not in row


async def test_key_of_a_scope_that_is_no_more_opens_nothing(
    client: httpx.AsyncClient, platform: Database, make_key: MakeKey
) -> None:
    key = await make_key("devices:read")
    async with platform.transaction() as connection:
        await connection.execute("update api_key set scopes = '{abolished}'")
    assert (await client.get("/v1/devices/ab", headers=bearer(key))).status_code == 403
