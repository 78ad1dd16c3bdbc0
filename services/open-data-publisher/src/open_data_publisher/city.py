# SPDX-License-Identifier: EUPL-1.2
"""Reads how a city publishes: `opendata/publication.yaml` beside its `city.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from open_data_publisher.catalogue_file import read_catalogue
from open_data_publisher.domain.publication import Publication, SiteDetails, SiteType
from open_data_publisher.policy_file import read_policy
from stadttakt_runtime.base_map import Text, Url
from stadttakt_runtime.city_files import CITY_ID
from stadttakt_runtime.plain_words import first_fault
from stadttakt_runtime.plugins import CityError

FILE = Path("opendata") / "publication.yaml"


def _known(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"there is no time zone {zone}") from error
    return zone


Timezone = Annotated[str, AfterValidator(_known)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteEntry(_Entry):
    """What feeds tell of a lot beside its live state."""

    site_type: SiteType = SiteType.OPEN_SPACE
    address: Text | None = None
    operator: Text | None = None
    public_url: Url | None = None
    has_fee: bool | None = None
    fee_description: Text | None = None
    is_park_and_ride: bool = False
    same_places_as: Text | None = None


class PublicationEntry(_Entry):
    """Who publishes."""

    country: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    national_identifier: Text
    base_url: Url
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "de"
    sites: dict[str, SiteEntry] = Field(default_factory=dict)


class CityEntry(BaseModel):
    """What the publisher needs of `city.yaml`."""

    model_config = ConfigDict(extra="ignore")

    city_id: Annotated[str, StringConstraints(pattern=CITY_ID)]
    name: Text
    timezone: Timezone = "UTC"
    bbox: tuple[float, float, float, float] = (-180.0, -90.0, 180.0, 90.0)


def read_names(city: Path) -> CityEntry:
    """Return what a city is called, and where it is.

    Raises CityError, naming the file and what is wrong in it.
    """
    names: CityEntry = checked(city / "city.yaml", CityEntry)
    return names


def read_publication(city: Path, names: CityEntry) -> Publication:
    """Return how a city publishes.

    Raises CityError, naming the file and what is wrong in it.
    """
    entry = checked(city / FILE, PublicationEntry)
    return Publication(
        city_id=names.city_id,
        city_name=names.name,
        country=entry.country,
        national_identifier=entry.national_identifier,
        language=entry.language,
        base_url=entry.base_url.rstrip("/"),
        sites={lot_id: SiteDetails(**site.model_dump()) for lot_id, site in entry.sites.items()},
        timezone=names.timezone,
        bbox=names.bbox,
        policy=read_policy(city),
        catalogue=read_catalogue(city),
    )


def checked(file: Path, model: type[Any]) -> Any:
    """Return a YAML file as a model; raises CityError, naming the file and what is wrong in it."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CityError(file, f"cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise CityError(file, f"is no YAML: {error}") from error
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise CityError(file, first_fault(error)) from error
