# SPDX-License-Identifier: EUPL-1.2
"""Reads which bays are of another kind, for whom and how long at which hours; docs/reference/city-folder.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from parking_occupancy.domain.restrictions import PERSONAL_KINDS, BayKind
from parking_occupancy.opening_hours_osm import WrongHoursError, read_hours
from stadttakt_runtime.city_files import Faults, Located, Path_, read_yaml_list

Timed = dict[str, list[dict[str, Any]]]


def _public(groups: tuple[BayKind, ...]) -> tuple[BayKind, ...]:
    for group in groups:
        if group in PERSONAL_KINDS:
            raise ValueError(f"{group} is a kind of bay that belongs to a person, no group")
    if len(set(groups)) != len(groups):
        raise ValueError("a group stands there twice")
    return groups


Groups = Annotated[tuple[BayKind, ...], Field(min_length=1), AfterValidator(_public)]
"""Who may park; bays of a person are of that kind and of nobody else."""
Minutes = Annotated[int, Field(ge=1, le=525_600, strict=True)]
HoursText = Annotated[str, Field(min_length=1, max_length=500)]


class RestrictionEntry(BaseModel):
    """While these hours (OSM opening_hours) are on, bays are of a kind, for groups, for so long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bays: Annotated[list[str], Field(min_length=1)]
    kind: BayKind | None = None
    groups: Groups | None = None
    max_stay_min: Minutes | None = None
    hours: HoursText

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.kind is None and self.groups is None and self.max_stay_min is None:
            raise ValueError("kind, groups or max_stay_min, one at least")
        if self.groups is not None and self.kind in PERSONAL_KINDS:
            raise ValueError("a bay that belongs to a person has no groups")
        return self

    def stored(self, usual: BayKind) -> dict[str, Any]:
        """Return what is stored of it for a bay that is of a kind otherwise."""
        if self.kind is None and self.groups is None:
            return {"max_stay_min": self.max_stay_min, "hours": self.hours}
        told = {"kind": (self.kind or usual).value, "hours": self.hours}
        more = {
            "groups": [group.value for group in self.groups] if self.groups else None,
            "max_stay_min": self.max_stay_min,
        }
        return {**told, **{name: value for name, value in more.items() if value is not None}}


def read_restrictions(
    file: Path, named: frozenset[str], kinds: Mapping[str, BayKind], *, timezone: str, region: str
) -> Timed:
    """Return what holds at hours by bay, given the kinds of those that are `named` and read.

    Raises CityError that tells all that is wrong, with the lines.
    """
    faults = Faults()
    found: Timed = {}
    for located in read_yaml_list(file, "restrictions") if file.exists() else []:
        with faults.noted():
            entry = located.parse(RestrictionEntry)
            for index, bay_id in enumerate(entry.bays):
                with faults.noted():
                    if bay_id not in named:
                        message = f"there is no bay {bay_id} in bays.csv"
                        raise located.error(message, ("bays", index))
                    usual = kinds.get(bay_id, BayKind.GENERAL)
                    if entry.groups is not None and usual in PERSONAL_KINDS:
                        message = f"{bay_id} belongs to a person and has no groups"
                        raise located.error(message, ("bays", index))
                    found.setdefault(bay_id, []).append(entry.stored(usual))
            check_hours(entry.hours, located, timezone=timezone, region=region)
    faults.tell()
    return found


def check_hours(
    hours: str, located: Located, *, timezone: str, region: str, path: Path_ = ("hours",)
) -> None:
    """Raise CityError with the line where these are no hours."""
    try:
        read_hours(hours, timezone=timezone, region=region, lat=0, lon=0)
    except WrongHoursError as error:
        raise located.error(f"hours: {error}", path) from error


def row_of(timed: Timed, bay_id: str, *, timezone: str, region: str) -> dict[str, Any] | None:
    """Return what is stored of a bay's restrictions, if it has any."""
    entries = timed.get(bay_id)
    if not entries:
        return None
    return {
        "timezone": timezone,
        "region": region,
        "kinds": [each for each in entries if "kind" in each],
        "limits": [each for each in entries if "kind" not in each],
    }
