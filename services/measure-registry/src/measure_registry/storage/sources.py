# SPDX-License-Identifier: EUPL-1.2
"""Where ideas were read first, which were taken over from another platform."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from measure_registry.domain.import_profile import Source

_PUT = "update idea set source = $2::jsonb where idea_id = $1"
_OF = "select source from idea where idea_id = $1"


async def put(connection: Any, idea_id: str, source: Source) -> None:
    """Note where an idea was read first."""
    await connection.execute(_PUT, idea_id, orjson.dumps(asdict(source)).decode())


async def of(connection: Any, idea_id: str) -> Source | None:
    """Return where an idea was read first; nothing for one that was submitted here."""
    found = await connection.fetchval(_OF, idea_id)
    return None if found is None else Source(**orjson.loads(found))
