"""Reads what the portal's pages need to know of a city from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict

from open_data_publisher.city import Text, checked
from open_data_publisher.domain.portal import PortalCity


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"there is no time zone {name}")
    return name


class CityEntry(BaseModel):
    """What the pages need of `city.yaml`."""

    model_config = ConfigDict(extra="ignore")

    name: Text
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    bbox: tuple[float, float, float, float] = (-180.0, -85.0, 180.0, 85.0)


def read_portal(city: Path) -> PortalCity:
    """Return whose portal it is.

    Raises CityError, naming the file and what is wrong in it.
    """
    entry: CityEntry = checked(city / "city.yaml", CityEntry)
    return PortalCity(entry.name, entry.timezone, entry.bbox)
