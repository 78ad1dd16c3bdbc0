# SPDX-License-Identifier: EUPL-1.2
"""SQL that reads who watched what, and who changed a device; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

FIELDS = """
select assignment_id, dev_eui, asset_kind, asset_id, observes, valid_from, valid_to, set_by, set_at
from assignment
"""

OF_DEVICE = f"{FIELDS} where dev_eui = $1 order by valid_from desc"

OF_ASSET = f"""
{FIELDS}
where asset_kind = $1 and asset_id = $2
    and ($3::timestamptz is null or (valid_from <= $3 and (valid_to is null or valid_to > $3)))
    and (valid_from, assignment_id) < ($4, $5)
order by valid_from desc, assignment_id desc limit $6
"""

WATCHERS = """
select distinct asset_id, dev_eui from assignment
where asset_kind = $1 and asset_id = any($2::text[]) and (valid_to is null or valid_to > $3)
"""

CHANGES = """
select change, at, action, author, note, before::text as before, after::text as after
from device_change where dev_eui = $1 and change < $2 order by change desc limit $3
"""


async def of_device(connection: Any, dev_eui: str) -> list[Any]:
    """Return what a device watched, the newest first."""
    rows: list[Any] = await connection.fetch(OF_DEVICE, dev_eui)
    return rows


async def of_asset(
    connection: Any,
    kind: str,
    asset_id: str,
    *,
    time: datetime | None,
    before: tuple[datetime, int],
    limit: int,
) -> list[Any]:
    """Return which devices watched an asset, at a time if one is given, the newest first."""
    rows: list[Any] = await connection.fetch(OF_ASSET, kind, asset_id, time, *before, limit)
    return rows


async def watchers(
    connection: Any, kind: str, asset_ids: Sequence[str], now: datetime
) -> list[Any]:
    """Return which devices watch these assets now or will."""
    rows: list[Any] = await connection.fetch(WATCHERS, kind, asset_ids, now)
    return rows


async def list_changes(connection: Any, *, dev_eui: str, before: int, limit: int) -> list[Any]:
    """Return who changed what of a device, the newest first; of a deleted one too."""
    rows: list[Any] = await connection.fetch(CHANGES, dev_eui, before, limit)
    return rows
