# SPDX-License-Identifier: EUPL-1.2
"""Reads what a city says of its days: whose public holidays hold, days without school, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from stadttakt_runtime.city_files import read_yaml_list
from stadttakt_runtime.plugins import CityError
from stadttakt_runtime.public_holidays import UnknownRegionError, require_region

CALENDAR = "calendar.yaml"
KINDS = {"school_holiday": 1, "event": 2}
LONGEST = timedelta(days=366)


class SpecialDays(BaseModel):
    """One entry of a `calendar.yaml`: some days that are not as their weekday is."""

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


@dataclass(frozen=True, slots=True)
class CityDays:
    """Whose public holidays hold (empty: nobody's), and special days: 1 no school, 2 an event."""

    public_holidays: str
    special: Mapping[date, int]


def read_city_days(city: Path, *folders: str) -> CityDays:
    """Return what a city folder says of its days in `calendar.yaml`, and in that of its folders.

    Raises CityError that names file and line.
    """
    special: dict[date, int] = {}
    for file in (city / CALENDAR, *(city / folder / CALENDAR for folder in folders)):
        for located in read_yaml_list(file, "days") if file.exists() else []:
            entry = located.parse(SpecialDays)
            for day in entry.days():
                special[day] = max(special.get(day, 0), KINDS[entry.kind])
    return CityDays(_region(city / "city.yaml"), special)


def _region(file: Path) -> str:
    if not file.exists():
        return ""
    about = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    region = str(about.get("public_holidays", ""))
    try:
        require_region(region)
    except UnknownRegionError as error:
        raise CityError(file, f"public_holidays: {error}") from error
    return region
