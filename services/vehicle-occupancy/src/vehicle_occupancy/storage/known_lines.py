# SPDX-License-Identifier: EUPL-1.2
"""Whether a line is in any timetable that is kept, or was in one whose loads are."""

from __future__ import annotations

from typing import Any

_EXISTS = """
select exists (select from timetable_route where line = $1)
    or exists (select from trip_load where line = $1)
    or exists (select from trip_forecast where line = $1)
"""


async def exists(connection: Any, line: str) -> bool:
    """Tell whether anything is known of a line."""
    return bool(await connection.fetchval(_EXISTS, line))
