# SPDX-License-Identifier: EUPL-1.2
"""What passed the gates of lots, by finest bucket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from parking_occupancy.domain.flow import Flow
from parking_occupancy.domain.searching import Columns
from stadttakt_messages.base import LotId

_TIMES = {"start", "before_from"}
_TYPES = {**dict.fromkeys(_TIMES, "timestamptz"), "simulated": "bool"}
_NUMBERS = {"known_s", "full_s", "tight_s", "full_arrivals", "tight_inside_s"}
_MEANS = {"inside_mean", "inside_low_mean", "inside_high_mean"}


def _type_of(column: str) -> str:
    return _TYPES.get(column) or ("float8" if column in _NUMBERS | _MEANS else "int")


def _told(column: str) -> str:
    return f"extract(epoch from {column})::float8" if column in _TIMES else column


_COLUMNS = ", ".join(Flow._fields)
_GIVEN = ", ".join(f"${n}::{_type_of(name)}[]" for n, name in enumerate(Flow._fields, 2))
_NEW = ", ".join(f"excluded.{name}" for name in Flow._fields)
_WRITE = f"""
insert into lot_flow (lot_id, {_COLUMNS})
select $1, {_COLUMNS} from unnest({_GIVEN}) as given ({_COLUMNS})
    on conflict (lot_id, start) do update set ({_COLUMNS}) = ({_NEW})
"""  # noqa: S608 (columns of a type of our own)
_TOLD = ", ".join(f"array_agg({_told(name)} order by start) as {name}" for name in Flow._fields)
_READ = f"""
select {_TOLD} from lot_flow where lot_id = $1 and start >= $2 and start < $3
"""  # noqa: S608
_DROP = "delete from lot_flow where lot_id = $1 and start = any($2::timestamptz[])"
AT_ONCE = timedelta(days=31)
"""So much is read at once; others have their turn in between."""


async def write(connection: Any, lot_id: LotId, flows: Sequence[Flow]) -> None:
    """Store flows in place of what was counted before."""
    if flows:
        await connection.execute(_WRITE, lot_id, *zip(*flows, strict=True))


async def drop(connection: Any, lot_id: LotId, starts: Iterable[datetime]) -> None:
    """Forget flows of buckets of which nothing can be said any more."""
    gone = sorted(starts)
    if gone:
        await connection.execute(_DROP, lot_id, gone)


async def read(connection: Any, lot_id: str, begin: datetime, end: datetime) -> Columns:
    """Return a lot's flows from one time to before another, by column; times since 1970, in seconds."""
    found: dict[str, list[Any]] = {name: [] for name in Flow._fields}
    while begin < end:
        until = min(begin + AT_ONCE, end)
        row = await connection.fetchrow(_READ, lot_id, begin, until)
        for name, values in row.items():
            found[name] += values or ()
        begin = until
    return found
