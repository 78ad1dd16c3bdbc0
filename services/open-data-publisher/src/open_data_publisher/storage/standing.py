# SPDX-License-Identifier: EUPL-1.2
"""Since when static feeds are made by the rules that hold, and when anything of them was withdrawn last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from open_data_publisher.domain.states import StandingMarks

# The same rules hold since they were first seen, or since this process took them up again.
_RULES = """
insert into standing_mark as known (mark, rules, since)
values ('rules', $1, coalesce($2::timestamptz, $3))
on conflict (mark) do update set rules = excluded.rules,
    since = case when known.rules = excluded.rules then greatest(known.since, $2::timestamptz)
                 else excluded.since end
returning since
"""
_WITHDRAWN = """
insert into standing_mark as known (mark, since) values ('withdrawn', $1)
on conflict (mark) do update set since = greatest(known.since, excluded.since)
"""
_NOT_AHEAD = "update standing_mark set since = $1 where since > $1"
_WITHDRAWN_AT = "select since from standing_mark where mark = 'withdrawn'"


async def marks(
    connection: Any, rules: bytes, since: datetime | None, now: datetime
) -> StandingMarks:
    """Return the marks under these rules; None: this process does not know since when they hold, so now or before."""
    since = await connection.fetchval(_RULES, rules, since, now)
    return StandingMarks(since, await connection.fetchval(_WITHDRAWN_AT))


async def note_withdrawn(connection: Any, at: datetime) -> None:
    """Note that something is told of no more."""
    await connection.execute(_WITHDRAWN, at)


async def forget_ahead(connection: Any, moment: datetime) -> None:
    """Let no mark be of a time after a moment."""
    await connection.execute(_NOT_AHEAD, moment)
