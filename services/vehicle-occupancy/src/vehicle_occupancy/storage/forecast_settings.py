# SPDX-License-Identifier: EUPL-1.2
"""The city's days and what it calls a peak: written by `city apply`, read by the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from vehicle_occupancy.domain.peaks.rules import Comfort, Costs, PeakRules

_WRITE = """
insert into forecast_setting (timezone, public_holidays, special_days, peaks)
values ($1, $2, $3, $4)
    on conflict (only_row) do update
   set (timezone, public_holidays, special_days, peaks)
       = (excluded.timezone, excluded.public_holidays, excluded.special_days, excluded.peaks)
 where forecast_setting.* is distinct from excluded.*
returning 1
"""
_READ = "select timezone, public_holidays, special_days, peaks from forecast_setting"


NIGHT = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class ForecastSettings:
    """Time zone, whose public holidays, special days (1 no school, 2 an event), peaks."""

    timezone: str
    public_holidays: str
    special_days: Mapping[date, int]
    peaks: PeakRules = field(default_factory=PeakRules)


def local_day(settings: ForecastSettings, now: datetime) -> date:
    """Return the city's service day: the night until three belongs to the day before."""
    return (now - NIGHT).astimezone(ZoneInfo(settings.timezone)).date()


async def write(connection: Any, settings: ForecastSettings, peaks: Mapping[str, Any]) -> bool:
    """Store the settings; returns whether they are new."""
    days = {day.isoformat(): kind for day, kind in settings.special_days.items()}
    changed = await connection.fetchval(
        _WRITE,
        settings.timezone,
        settings.public_holidays,
        orjson.dumps(days).decode(),
        orjson.dumps(peaks).decode(),
    )
    return bool(changed)


async def read(connection: Any) -> ForecastSettings:
    """Return the settings; in UTC, without holidays and with the usual rules before any were set."""
    row = await connection.fetchrow(_READ)
    if row is None:
        return ForecastSettings("UTC", "", {})
    days = orjson.loads(row["special_days"])
    return ForecastSettings(
        row["timezone"],
        row["public_holidays"],
        {date.fromisoformat(day): kind for day, kind in days.items()},
        rules_of(orjson.loads(row["peaks"])),
    )


async def service_day(connection: Any, now: datetime) -> date:
    """Return the service day that it is in the city."""
    return local_day(await read(connection), now)


def rules_of(document: Mapping[str, Any]) -> PeakRules:
    """Return the rules that a document states, the usual ones where it says nothing."""
    fields = dict(document)
    comfort = Comfort(**fields.pop("comfort", {}))
    costs = Costs(**fields.pop("costs", {}))
    return PeakRules(comfort=comfort, costs=costs, **fields)
