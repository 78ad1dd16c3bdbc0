# SPDX-License-Identifier: EUPL-1.2
"""A folder for a new city, from what each installed service says of its part.

A service registers a package of files (entry-point group `stadttakt.city_templates`); `{{name}}` in them is what the city is
called, `{{lat+0.001}}` a place a little north of its middle.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from zoneinfo import available_timezones

from stadttakt_runtime.city_files import CITY_ID
from stadttakt_runtime.errors import OperatorError

_ID = re.compile(CITY_ID)
# What a name may hold without being anything else in YAML, CSV or RDF.
_NAME = re.compile(r"\w[\w .()/'-]{0,79}")
_BLANK = re.compile(r"\{\{(\w+)(?:([+-])(\d+(?:\.\d+)?))?\}\}")
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_DECIMALS = 5
_MOST_LAT, _MOST_LON = 85.0, 180.0


class NewCityError(OperatorError):
    """A city cannot be made like this; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCity:
    """What the templates ask for."""

    city_id: str
    name: str
    lat: float
    lon: float
    timezone: str
    holidays: str

    def __post_init__(self) -> None:
        """Refuse what files could not hold."""
        for value, pattern, said in (
            (self.city_id, _ID, "an id is made of a-z, 0-9 and single hyphens"),
            (self.name, _NAME, "a name is made of letters, digits, spaces and . ( ) / ' -"),
        ):
            if not pattern.fullmatch(value):
                raise NewCityError(f"{said}; not {value!r}")
        if self.timezone not in available_timezones():
            raise NewCityError(
                f"there is no time zone {self.timezone!r}; wanted is one such as Europe/Berlin"
            )
        _require_region(self.holidays)


def _require_region(region: str) -> None:
    try:
        # The library is there where forecasts are made, not in the image of each service.
        from stadttakt_runtime.public_holidays import (  # noqa: PLC0415
            UnknownRegionError,
            require_region,
        )
    except ModuleNotFoundError as error:
        raise NewCityError(f"{error}: a city is begun with all services installed") from error
    try:
        require_region(region)
    except UnknownRegionError as error:
        raise NewCityError(f"{error}; wanted is ISO 3166-2, such as DE-BY, or a country") from error


def id_of(name: str) -> str:
    """Return the id that a name suggests: `Groß Köris` is `gross-koeris`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().translate(_SPELT)).strip("-")


def place_of(text: str) -> tuple[float, float]:
    """Return latitude and longitude of `49.75,10.22`; raises NewCityError."""
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        lat = lon = math.nan
    if not (abs(lat) <= _MOST_LAT and abs(lon) <= _MOST_LON):
        raise NewCityError(f"a place is LAT,LON in degrees, such as 49.75,10.22; not {text!r}")
    return lat, lon


def write_city(folder: Path, city: NewCity, templates: Iterable[ModuleType]) -> list[str]:
    """Write a new folder and return its files' names; raises NewCityError where one is there."""
    if folder.exists():
        raise NewCityError(f"{folder} is there already")
    found = dict(sorted(_all(templates, city)))
    for name, text in found.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return list(found)


def _all(templates: Iterable[ModuleType], city: NewCity) -> Iterator[tuple[str, str]]:
    values = {each.name: getattr(city, each.name) for each in fields(NewCity)}
    for template in templates:
        for name, text in _texts(files(template), ""):
            yield name, _filled(text, values)


def _texts(folder: Traversable, above: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _texts(entry, f"{above}{entry.name}/")
        elif not entry.name.endswith(".py"):
            yield f"{above}{entry.name}", entry.read_text(encoding="utf-8")


def _filled(text: str, values: Mapping[str, str | float]) -> str:
    def value(blank: re.Match[str]) -> str:
        name, sign, offset = blank.groups()
        found = values[name]
        if isinstance(found, float):
            moved = found + float(f"{sign or '+'}{offset or 0}")
            return f"{round(moved, _DECIMALS)}"
        return str(found)

    return _BLANK.sub(value, text)
