# SPDX-License-Identifier: EUPL-1.2
"""API keys for tests that talk to a service as it runs outside."""

import asyncio

from stadttakt_runtime.auth.scopes import Scope
from support.asking import mint_key


def bearer(database_url: str, *scopes: Scope) -> dict[str, str]:
    """Return the header that presents a new API key."""
    return {"authorization": f"Bearer {asyncio.run(mint_key(database_url, *scopes))}"}
