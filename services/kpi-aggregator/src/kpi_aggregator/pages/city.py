# SPDX-License-Identifier: EUPL-1.2
"""What every page needs of the city: its name and which day it is there."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Request

from kpi_aggregator.api.scorecard import FIRST_DAY
from kpi_aggregator.storage import framework
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database


class CityNow(NamedTuple):
    """A city's name, its present day, and the zone that its days begin in."""

    name: str
    today: date
    zone: ZoneInfo


async def city_now(request: Request) -> CityNow:
    """Return name and day of the city that was applied."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        zone = ZoneInfo(await framework.timezone(connection))
        name = await framework.city_name(connection)
        return CityNow(name, utc_now().astimezone(zone).date(), zone)


def past_day(written: str, today: date) -> date | None:
    """Return a day of the past, or none: everything else is no address of its own."""
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= today else None
