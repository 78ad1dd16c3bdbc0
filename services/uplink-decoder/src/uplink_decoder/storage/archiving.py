# SPDX-License-Identifier: EUPL-1.2
"""SQL of what the database tells of archiving its log (PostgreSQL, pg_stat_archiver)."""

from __future__ import annotations

from typing import Any

_IS_FAILING = """
select coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) from pg_stat_archiver
"""


async def is_failing(connection: Any) -> bool:
    """Tell whether the newest attempt failed; not where the log is not archived."""
    return bool(await connection.fetchval(_IS_FAILING))
