"""Reads what a city says of its days: whose holidays in city.yaml, special days beside."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from parking_occupancy.storage.forecasts import StoredCalendar
from stadttakt_runtime.city_files import read_yaml_list
from stadttakt_runtime.plugins import CityError
from stadttakt_runtime.public_holidays import UnknownRegionError, public_holidays

KINDS = {"school_holiday": 1, "event": 2}
LONGEST = timedelta(days=366)
A_YEAR = (2026,)


class SpecialDays(BaseModel):
    """One entry of `parking/calendar.yaml`: some days that are not as their weekday is."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    kind: Literal["school_holiday", "event"]
    name: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta() <= self.last - self.first <= LONGEST:
            raise ValueError("`from` must lie before `to`, by a year at most")
        return self

    def days(self) -> list[date]:
        """Return the days."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def read_calendar(folder: Path, timezone: str) -> StoredCalendar:
    """Return the calendar of a city folder whose city.yaml was read for its time zone.

    Raises CityError that names file and line.
    """
    special: dict[date, int] = {}
    file = folder / "parking" / "calendar.yaml"
    for located in read_yaml_list(file, "days") if file.exists() else []:
        entry = located.parse(SpecialDays)
        for day in entry.days():
            special[day] = max(special.get(day, 0), KINDS[entry.kind])
    return StoredCalendar(timezone, _region(folder / "city.yaml"), special)


def _region(file: Path) -> str:
    """Return whose public holidays hold, as city.yaml says; empty: nobody's."""
    if not file.exists():
        return ""
    about = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    region = str(about.get("public_holidays", ""))
    if region:
        try:
            public_holidays(region, A_YEAR)
        except UnknownRegionError as error:
            raise CityError(file, f"public_holidays: {error}") from error
    return region
