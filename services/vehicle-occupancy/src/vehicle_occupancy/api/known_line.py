# SPDX-License-Identifier: EUPL-1.2
"""Whether there is a line that is asked for."""

from __future__ import annotations

from typing import Any

from stadttakt_runtime.http.problem import NotFound
from vehicle_occupancy.storage import known_lines

UNKNOWN_LINE: dict[int | str, dict[str, Any]] = {
    404: {"description": "No timetable and no load of the past knows the line"}
}


async def require_line(connection: Any, line: str) -> None:
    """Raise NotFound for a line that neither a timetable nor the history knows."""
    if "\0" in line or not await known_lines.exists(connection, line):
        raise NotFound(f"there is no line {line}")
