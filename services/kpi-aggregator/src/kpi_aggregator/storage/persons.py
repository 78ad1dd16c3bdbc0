# SPDX-License-Identifier: EUPL-1.2
"""By which pseudonyms persons are kept, wherever one entered or decided."""

from __future__ import annotations

from typing import Any

from kpi_aggregator.domain.pseudonyms import Pseudonyms

_LOCK = "lock table indicator_value, value_file in share row exclusive mode"
_PERSONS = """
select author as person from indicator_value where author like 'oidc:%'
 union select decided_by from indicator_value where decided_by like 'oidc:%'
 union select author from value_file where author like 'oidc:%'
"""
_RENEW = (
    "update indicator_value set author = $2 where author = $1",
    "update indicator_value set decided_by = $2 where decided_by = $1",
    "update value_file set author = $2 where author = $1",
)


async def renew(connection: Any, pseudonyms: Pseudonyms) -> int:
    """Keep persons by the pseudonyms that are drawn now; return how many had another."""
    await connection.execute(_LOCK)
    kept = [row["person"] for row in await connection.fetch(_PERSONS)]
    others = [(each, now) for each in kept if (now := pseudonyms.renewed(each)) != each]
    for before, now in others:
        for statement in _RENEW:
            await connection.execute(statement, before, now)
    return len(others)
