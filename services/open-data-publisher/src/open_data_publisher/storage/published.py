# SPDX-License-Identifier: EUPL-1.2
"""Which datasets are public, for those who read our views."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

_WITHDRAW = "delete from published_dataset where dataset_id <> all ($1::text[])"
_PUBLISH = """
insert into published_dataset (dataset_id, published_since) select unnest($1::text[]), $2
    on conflict (dataset_id) do nothing
"""


async def replace(connection: Any, dataset_ids: Collection[str], now: datetime) -> None:
    """Let these datasets be the public ones; new ones are since now."""
    known = sorted(dataset_ids)
    await connection.execute(_WITHDRAW, known)
    await connection.execute(_PUBLISH, known, now)
