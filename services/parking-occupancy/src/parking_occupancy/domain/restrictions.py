"""Who may park how long at which hours, as it is told; knows no bay and no lot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BayKind(StrEnum):
    """For whom a bay is; a user group is called by the same words."""

    GENERAL = "general"
    DISABLED = "disabled"
    DISABLED_ASSIGNED = "disabled_assigned"
    FAMILY = "family"
    CHARGING = "charging"
    RESIDENT = "resident"
    TAXI = "taxi"
    WOMEN = "women"
    MOTORCYCLE = "motorcycle"
    TRUCK = "truck"
    BUS = "bus"
    CARSHARING = "carsharing"
    LOADING = "loading"


PERSONAL_KINDS = frozenset({BayKind.DISABLED_ASSIGNED, BayKind.RESIDENT})
"""Bays that belong to a person: whether they are taken is never published."""


class Orientation(StrEnum):
    """How vehicles stand in a bay, seen from its street or lane."""

    PARALLEL = "parallel"
    PERPENDICULAR = "perpendicular"
    ANGLED = "angled"


@dataclass(frozen=True, slots=True)
class Restriction:
    """A user group may park, so long, while these hours (OSM opening_hours) are on; none: always."""

    group: BayKind
    max_stay_min: int | None = None
    hours: str | None = None
