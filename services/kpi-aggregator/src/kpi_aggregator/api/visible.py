# SPDX-License-Identifier: EUPL-1.2
"""Which indicators a caller may see: the public ones, all of them with scope kpi:write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Path

from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.standings import Horizon
from kpi_aggregator.storage import framework
from stadttakt_runtime.auth.dependencies import OptionalPrincipal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import NotFound

IndicatorId = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]


async def _sees_all(principal: OptionalPrincipal) -> bool:
    return principal is not None and (principal.may("kpi:write") or principal.may("kpi:approve"))


SeesAll = Annotated[bool, Depends(_sees_all)]


async def visible(connection: Any, *, sees_all: bool) -> list[Indicator]:
    """Return the indicators that a caller may see."""
    return [each for each in await framework.indicators(connection) if each.public or sees_all]


async def visible_of(
    connection: Any, held: Sequence[Indicator], *, sees_all: bool
) -> list[Indicator]:
    """Return those of a former framework that a caller may see: public then, and not hidden since.

    What everybody is told of them is what they are told now.
    """
    if sees_all:
        return list(held)
    now = {each.indicator_id: each for each in await framework.indicators(connection)}
    hidden = {name for name, each in now.items() if not each.public}
    return [
        replace(each, publication=now.get(each.indicator_id, each).publication)
        for each in held
        if each.public and each.indicator_id not in hidden
    ]


async def one_visible(connection: Any, indicator_id: str, *, sees_all: bool) -> Indicator:
    """Return an indicator; one that a caller may not see is not there."""
    found = await framework.indicator(connection, indicator_id)
    if found is None or not (found.public or sees_all):
        raise NotFound(f"there is no indicator {indicator_id}")
    return found


async def today_of(connection: Any) -> date:
    """Return which day it is in the city."""
    return utc_now().astimezone(ZoneInfo(await framework.timezone(connection))).date()


async def horizon_of(connection: Any, *, sees_all: bool, day: date | None = None) -> Horizon:
    """Return what is known now, or was by the end of a day of the past: all, or what everybody is told."""
    zone = ZoneInfo(await framework.timezone(connection))
    now = utc_now()
    today = now.astimezone(zone).date()
    if day is None or day >= today:
        return Horizon(now, on=today, public_on=None if sees_all else today)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return Horizon(end, began=day, on=day, public_on=None if sees_all else day, is_past=True)
