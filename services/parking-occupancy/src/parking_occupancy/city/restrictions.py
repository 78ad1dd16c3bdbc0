"""Reads which bays are of another kind at which hours; docs/reference/city-folder.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from parking_occupancy.domain.bay import BayKind
from parking_occupancy.opening_hours_osm import WrongHoursError, read_hours
from stadttakt_runtime.city_files import Located, read_yaml_list

Timed = dict[str, list[dict[str, str]]]


class RestrictionEntry(BaseModel):
    """Bays that are of a kind while these hours (OSM opening_hours) are on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bays: Annotated[list[str], Field(min_length=1)]
    kind: BayKind
    hours: Annotated[str, Field(min_length=1, max_length=500)]


def read_restrictions(file: Path, bay_ids: frozenset[str], *, timezone: str, region: str) -> Timed:
    """Return the kinds and hours by bay, as they stand; raises CityError with the line."""
    found: Timed = {}
    for located in read_yaml_list(file, "restrictions") if file.exists() else []:
        entry = located.parse(RestrictionEntry)
        _check_hours(entry, located, timezone, region)
        for index, bay_id in enumerate(entry.bays):
            if bay_id not in bay_ids:
                raise located.error(f"there is no bay {bay_id} in bays.csv", ("bays", index))
            timed = {"kind": entry.kind.value, "hours": entry.hours}
            found.setdefault(bay_id, []).append(timed)
    return found


def _check_hours(entry: RestrictionEntry, located: Located, timezone: str, region: str) -> None:
    try:
        read_hours(entry.hours, timezone=timezone, region=region, lat=0, lon=0)
    except WrongHoursError as error:
        raise located.error(f"hours: {error}", ("hours",)) from error


def row_of(timed: Timed, bay_id: str, *, timezone: str, region: str) -> dict[str, Any] | None:
    """Return what is stored of a bay's restrictions, if it has any."""
    kinds = timed.get(bay_id)
    return {"timezone": timezone, "region": region, "kinds": kinds} if kinds else None
