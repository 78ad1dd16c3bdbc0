"""API keys for tests that talk to a service as it runs outside."""

import asyncio

from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.auth.storage import insert_key
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database


def bearer(database_url: str, *scopes: Scope) -> dict[str, str]:
    """Return the header that presents a new API key."""
    return {"authorization": f"Bearer {asyncio.run(_key(database_url, *scopes))}"}


async def _key(database_url: str, *scopes: Scope) -> str:
    key = mint()
    async with Database.open(database_url, schema="platform", size=1) as platform:
        await platform.persist(
            lambda connection: insert_key(
                connection,
                key,
                scopes=scopes,
                label="test",
                created_at=utc_now(),
                expires_at=None,
            )
        )
    return str(key)
