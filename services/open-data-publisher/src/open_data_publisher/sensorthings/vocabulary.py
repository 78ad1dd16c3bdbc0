# SPDX-License-Identifier: EUPL-1.2
"""Which series there are, in which units, and how they are measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/"
COUNT, MEASURE, CATEGORY = (
    f"{_OM}OM_{name}Observation" for name in ("Count", "Measurement", "Category")
)
_NO_UNIT = {"name": None, "symbol": None, "definition": None}
_PLACES = {"name": "parking spaces", "symbol": None, "definition": None}


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an entity: `field` of its state, observed as a property of this id."""

    field: str
    property_id: str
    name: str
    description: str
    observation_type: str
    unit: Mapping[str, Any]

    @property
    def definition(self) -> str:
        """Return the URI that names the property."""
        return f"urn:stadttakt:observed-property:{self.property_id}"


@dataclass(frozen=True, slots=True)
class EnvironmentSeries:
    """One quantity of a place where the environment is measured; what is withheld is None."""

    asset_id: str
    quantity: str
    unit: str | None = None
    name: str | None = None
    lat: float | None = None
    lon: float | None = None
    height_m: float | None = None
    simulated: bool = False


def _count(field: str, name: str, description: str) -> Series:
    return Series(field, f"parking.{field}", name, description, COUNT, _PLACES)


LOT_SERIES: tuple[Series, ...] = (
    _count("free", "Free spaces", "Spaces that may be used now; null where closed or unknown"),
    _count("free_min", "Free spaces at least", "Lower bound of the free spaces"),
    _count("free_max", "Free spaces at most", "Upper bound of the free spaces"),
    _count("occupied", "Occupied spaces", "Spaces that are taken"),
    _count("unknown", "Unknown spaces", "Spaces of which nobody knows"),
    _count("out_of_service", "Spaces out of service", "Spaces that cannot be used"),
    Series(
        "state",
        "parking.lot_state",
        "State of a car park",
        "free, almost_full, full, closed or unknown",
        CATEGORY,
        _NO_UNIT,
    ),
)
BAY_SERIES: tuple[Series, ...] = (
    Series(
        "state",
        "parking.bay_state",
        "State of a bay",
        "free, occupied, unknown or out_of_service",
        CATEGORY,
        _NO_UNIT,
    ),
)
SENSORS: Mapping[str, Mapping[str, str]] = {
    key: {
        "name": name,
        "description": description,
        "encodingType": "text/plain",
        "metadata": description,
    }
    for key, (name, description) in {
        "single_bay": ("Single bays", "A sensor at each bay tells whether it is taken"),
        "balancing": ("Balancing", "Vehicles are counted on their way in and out"),
        "mixed": ("Mixed", "Some bays have sensors, the rest is counted on the way in and out"),
        "manual": ("Manual", "Somebody says how many spaces are free"),
        "environment": ("Environment sensors", "Sensors of the place, as its description says"),
    }.items()
}


def of_environment(series: EnvironmentSeries) -> Series:
    """Return a series of the environment; quantity and unit are as sensors tell them."""
    unit = {"name": series.unit, "symbol": series.unit, "definition": None}
    about = f"{series.quantity}, averaged over each stretch of time"
    return Series(series.quantity, series.quantity, series.quantity, about, MEASURE, unit)
