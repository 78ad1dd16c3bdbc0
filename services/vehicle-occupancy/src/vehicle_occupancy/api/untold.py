# SPDX-License-Identifier: EUPL-1.2
"""Of which lines no peaks are told, and why: there no peak does not mean room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, Field

from vehicle_occupancy.api.forecast_documents import Kind
from vehicle_occupancy.domain.forecast.telling import WORDS, Horizon, Reason, Way, Withheld
from vehicle_occupancy.storage import forecasts, timetable_names


class UntoldLine(BaseModel):
    """A line and direction that runs on a day and of which a kind of forecast is not told.

    Where `live` alone is withheld, peaks are told as of the day before.
    """

    line: str
    direction: int
    towards: str | None = Field(description="name of its usual last stop")
    horizon: Kind
    code: Reason
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Untold:
    """What of a day is not told, and whether that is all that runs on it."""

    lines: Sequence[UntoldLine] = ()
    is_all: bool = False


async def untold_of_day(connection: Any, day: date, gone: Withheld) -> Untold:
    """Return what of a day is not told, of all lines."""
    lines = await untold(connection, day, gone)
    ways = {(each.line, each.direction) for each in lines if each.horizon == "day_ahead"}
    running = await timetable_names.running(connection, day)
    return Untold(lines, is_all=bool(running) and running <= ways)


async def untold(
    connection: Any, day: date, gone: Withheld, line: str | None = None
) -> list[UntoldLine]:
    """Return what of a day is not told, of all lines that run on it or of one."""
    running = {
        way for way in await timetable_names.running(connection, day) if line in (None, way[0])
    }
    known = await forecasts.ways(connection, day)
    found = [
        (way, horizon, reason)
        for horizon, of_kind in ((Horizon.DAY_AHEAD, gone.day_ahead), (Horizon.LIVE, gone.live))
        for way, reason in of_kind.items()
        if way in running & known
    ]
    lacking = Reason.TOO_LITTLE_HISTORY if known else Reason.NOT_ISSUED
    found += [(way, Horizon.DAY_AHEAD, lacking) for way in running - known]
    towards = await timetable_names.ends(connection, day, {way for way, *_ in found})
    return [_view(*each, towards.get(each[0])) for each in sorted(found)]


def _view(way: Way, horizon: Horizon, reason: Reason, towards: str | None) -> UntoldLine:
    de, en = WORDS[reason]
    return UntoldLine(
        line=way[0], direction=way[1], towards=towards, horizon=horizon.value, code=reason,
        de=de, en=en,
    )  # fmt: skip
