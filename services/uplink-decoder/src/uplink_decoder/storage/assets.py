# SPDX-License-Identifier: EUPL-1.2
"""SQL of assets and the reads of their series; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from uplink_decoder.domain.series import Interval

APPLY = """
insert into asset as known (asset_id, kind, name, lat, lon, height_m, description)
select * from unnest(
    $1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[], $7::text[]
)
on conflict (asset_id) do update
set kind = excluded.kind, name = excluded.name, lat = excluded.lat, lon = excluded.lon,
    height_m = excluded.height_m, description = excluded.description
where known is distinct from excluded
"""

# Newest values and the shortest expected interval come along: one query for a page.
PAGE = """
select asset.*,
    (
        select json_agg(json_build_object(
            'quantity', newest.quantity, 'observed_at', newest.observed_at,
            'value', newest.value, 'unit', newest.unit, 'simulated', newest.simulated
        ) order by newest.quantity)
        from environment_newest as newest where newest.asset_id = asset.asset_id
    )::text as newest,
    (
        select min(device.expected_interval_s)
        from assignment join device using (dev_eui)
        where assignment.asset_kind = asset.kind and assignment.asset_id = asset.asset_id
            and assignment.valid_from <= $1 and (assignment.valid_to is null or $1 < valid_to)
    ) as interval_s
from asset
"""

LIST = f"""
{PAGE}
where asset_id > $2 and ($3::text is null or kind = $3)
    and lon between $4 and $6 and lat between $5 and $7
order by asset_id limit $8
"""

ONE = f"{PAGE} where asset_id = $2"

INTERVALS = """
select valid_from, valid_to, expected_interval_s
from assignment join device using (dev_eui)
where asset_kind = 'environment' and asset_id = $1 and expected_interval_s is not null
"""

# The order of the primary keys, series after series.
RAW = """
select quantity, observed_at, event_id, value, unit, quality, simulated
from environment
where asset_id = $1 and ($2::text is null or quantity = $2)
    and observed_at >= $3 and observed_at < $4
    and (quantity, observed_at, event_id) > ($5, $6, $7)
order by quantity, observed_at, event_id limit $8
"""

BUCKETS = """
select quantity, start, unit, count, mean, min, max, first, last, simulated
from environment_rollup
where asset_id = $1 and width_s = $8 and ($2::text is null or quantity = $2)
    and start >= $3 and start < $4 and (quantity, start) > ($5, $6)
order by quantity, start limit $7
"""


class Window(NamedTuple):
    """Which part of an asset's series is wanted: `since` inclusive, `until` exclusive."""

    asset_id: str
    quantity: str | None
    since: datetime
    until: datetime


async def apply_assets(connection: Any, rows: Sequence[Any]) -> int:
    """Bring the assets in line with the city's list; return how many changed or left."""
    names = ("asset_id", "kind", "name", "lat", "lon", "height_m", "description")
    columns = [[getattr(row, name) for row in rows] for name in names]
    changed = await connection.execute(APPLY, *columns)
    left = await connection.execute(
        "delete from asset where asset_id <> all($1::text[])", columns[0]
    )
    return int(changed.rpartition(" ")[2]) + int(left.rpartition(" ")[2])


async def list_assets(
    connection: Any,
    *,
    now: datetime,
    after: str,
    kind: str | None,
    bbox: tuple[float, float, float, float],
    limit: int,
) -> list[Any]:
    """Return assets in the order of their id; `bbox` is west, south, east, north."""
    rows: list[Any] = await connection.fetch(LIST, now, after, kind, *bbox, limit)
    return rows


async def get_asset(connection: Any, *, now: datetime, asset_id: str) -> Any | None:
    """Return one asset, or nothing."""
    return await connection.fetchrow(ONE, now, asset_id)


async def is_listed(connection: Any, asset_id: str) -> bool:
    """Tell whether the city lists an asset, and so publishes it."""
    found = await connection.fetchval("select true from asset where asset_id = $1", asset_id)
    return bool(found)


async def intervals(connection: Any, asset_id: str) -> list[Interval]:
    """Return how often the asset's devices shall report."""
    return [Interval(*row) for row in await connection.fetch(INTERVALS, asset_id)]


async def raw_values(
    connection: Any, window: Window, *, after: tuple[str, datetime, str], limit: int
) -> list[Any]:
    """Return single values, series after series, each in the order of time."""
    rows: list[Any] = await connection.fetch(RAW, *window, *after, limit)
    return rows


async def buckets(
    connection: Any, window: Window, *, width_s: int, after: tuple[str, datetime], limit: int
) -> list[Any]:
    """Return roll-ups, series after series, each in the order of time."""
    rows: list[Any] = await connection.fetch(BUCKETS, *window, *after, limit, width_s)
    return rows
