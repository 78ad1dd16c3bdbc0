# SPDX-License-Identifier: EUPL-1.2
"""Who may park how long at which hours; knows no bay and no lot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking_occupancy.domain.opening import Hours
from stadttakt_messages import states


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


PERSONAL_KINDS = frozenset(map(BayKind, states.PERSONAL_KINDS))
"""Bays that belong to a person: whether they are taken is never published."""


class Orientation(StrEnum):
    """How vehicles stand in a bay, seen from its street or lane."""

    PARALLEL = "parallel"
    PERPENDICULAR = "perpendicular"
    ANGLED = "angled"


@dataclass(frozen=True, slots=True)
class Restriction:
    """A user group may park, so long, while these hours (OSM opening_hours) are on; none: always.

    `on` evaluates the hours.
    """

    group: BayKind
    max_stay_min: int | None = None
    hours: str | None = None
    on: Hours | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether it holds at a time."""
        return self.on is None or self.on(now).is_open
