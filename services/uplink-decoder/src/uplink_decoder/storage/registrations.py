# SPDX-License-Identifier: EUPL-1.2
"""SQL that finds devices whose stored uplinks have become readable; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

# An unfinished replay of a device is enough; one that somebody stopped stays stopped.
NEWLY_READABLE = """
select distinct u.dev_eui from uplink u
join device d on d.dev_eui = u.dev_eui
where u.observed_at >= $1 and u.flags && '{unknown_device,no_codec,unknown_codec,no_asset}'
    and d.origin <> 'seen' and d.retired_at is null and d.codec_id = any($2::text[])
    and (
        u.flags && '{unknown_device,no_codec,unknown_codec}'
        or exists (
            select from assignment a where a.dev_eui = u.dev_eui and a.valid_from <= u.observed_at
                and (a.valid_to is null or u.observed_at < a.valid_to)
        )
    )
    and not exists (
        select from replay r where r.kind = 'registration' and r.state <> 'done'
            and r.filter -> 'dev_euis' ? u.dev_eui
    )
limit $3
"""


async def newly_readable(
    connection: Any, *, since: datetime, codec_ids: Sequence[str], limit: int
) -> list[str]:
    """Return registered devices that have uplinks stored undecoded for want of registration."""
    rows = await connection.fetch(NEWLY_READABLE, since, codec_ids, limit)
    return sorted(row["dev_eui"] for row in rows)
