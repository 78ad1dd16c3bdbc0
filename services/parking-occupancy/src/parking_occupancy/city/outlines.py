# SPDX-License-Identifier: EUPL-1.2
"""Reads the outlines of bays from `bays.geojson`; docs/reference/city-folder.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from stadttakt_messages.states import Latitude, Longitude
from stadttakt_runtime.city_files import Faults, one_of
from stadttakt_runtime.plain_words import told
from stadttakt_runtime.plugins import CityError

MOST_CORNERS = 200

Position = tuple[Longitude, Latitude]


def _closed(ring: list[Position]) -> list[Position]:
    if ring[0] != ring[-1]:
        raise ValueError("a ring must end where it begins (RFC 7946, section 3.1.6)")
    return ring


Ring = Annotated[
    list[Position], Field(min_length=4, max_length=MOST_CORNERS), AfterValidator(_closed)
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Polygon(_Form):
    """An outline, as longitude and latitude (WGS 84)."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[Ring], Field(min_length=1, max_length=10)]


class Properties(BaseModel):
    """Which bay it is; what else a GIS writes is not looked at."""

    bay_id: str


class Feature(BaseModel):
    """The outline of one bay."""

    type: Literal["Feature"]
    geometry: Polygon
    properties: Properties


class Outlines(BaseModel):
    """The outlines of bays."""

    type: Literal["FeatureCollection"]
    features: list[Feature]


def read_outlines(file: Path, bay_ids: frozenset[str]) -> dict[str, dict[str, Any]]:
    """Return the outlines by bay; none without the file. Raises CityError that tells the features."""
    if not file.exists():
        return {}
    try:
        outlines = Outlines.model_validate(orjson.loads(file.read_bytes()))
    except orjson.JSONDecodeError as error:
        raise CityError(file, f"not JSON in UTF-8: {error.msg}", line=error.lineno) from error
    except ValidationError as error:
        wrong = [CityError(file, told(each)) for each in error.errors(include_url=False)]
        raise one_of(wrong) from error
    faults = Faults()
    found: dict[str, dict[str, Any]] = {}
    for number, feature in enumerate(outlines.features):
        bay_id = feature.properties.bay_id
        with faults.noted():
            if bay_id not in bay_ids:
                raise CityError(file, f"features.{number}: there is no bay {bay_id} in bays.csv")
            if bay_id in found:
                raise CityError(file, f"features.{number}: {bay_id} has an outline already")
        found[bay_id] = feature.geometry.model_dump(mode="json")
    faults.tell()
    return found
