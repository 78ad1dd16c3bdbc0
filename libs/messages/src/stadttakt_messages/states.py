# SPDX-License-Identifier: EUPL-1.2
"""Retained states: what bays, lots, signs and vehicles are now, and until when that holds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from stadttakt_messages.base import Count, Direction, PlainId, UtcTime, WireModel

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


PERSONAL_KINDS = frozenset({"disabled_assigned", "resident"})
"""Kinds of bays that belong to a person: whether one is taken is never told."""


class BayStatus(StrEnum):
    """What a bay is; unknown when its sensor is silent or contradicts itself."""

    FREE = "free"
    OCCUPIED = "occupied"
    UNKNOWN = "unknown"
    OUT_OF_SERVICE = "out_of_service"


class SiteStatus(StrEnum):
    """What a lot or sign says: closed, full and unknown are three different things."""

    FREE = "free"
    ALMOST_FULL = "almost_full"
    FULL = "full"
    CLOSED = "closed"
    UNKNOWN = "unknown"


BayDoubt = Literal[
    "never_heard",
    "silent",
    "suspect",
    "flapping",
    "contradicting",
    "out_of_service",
    "reserved",
]
"""Why a bay is neither free nor occupied."""


class BayRestriction(WireModel):
    """The user group `type` may park so long while `hours` (OSM opening_hours) are on; null: always.

    `active` says whether they are on now; no answer outlives the moment at which that changes.
    """

    type: str
    max_stay_min: Count | None = None
    hours: str | None = None
    active: bool = True


class BayState(WireModel):
    """One bay now; `reason` tells why it is neither free nor occupied.

    `groups` may park now; `restrictions` say who may at all, and how long.
    """

    bay_id: PlainId
    lot_id: PlainId
    kind: str
    state: BayStatus
    reason: BayDoubt | None = None
    since: UtcTime | None
    measured_at: UtcTime | None
    valid_until: UtcTime | None
    lat: Latitude
    lon: Longitude
    simulated: bool = False
    groups: list[str] = Field(default_factory=list)
    orientation: Literal["parallel", "perpendicular", "angled"] | None = None
    max_stay_min: Count | None = None
    restrictions: list[BayRestriction] = Field(default_factory=list)


class LotRestriction(BayRestriction):
    """The same of a lot, with how many places of it are for the group and how many of them free."""

    capacity: Count
    free: Count | None


class KindCount(WireModel):
    """Bays of one kind by state."""

    capacity: Count
    free: Count
    occupied: Count
    unknown: Count
    out_of_service: Count


Detection = Literal["single_bay", "balancing", "mixed", "manual"]
"""How a lot's places are counted."""


class LotState(WireModel):
    """One lot now; `free`, `free_min` and `free_max` are null when the lot is unknown.

    `opening` are hours in OSM syntax; a lot opens or closes next at `opens_at` or `closes_at`, null
    where that is not within a year. `closed_reason` is that of a planned closure. `by_group` counts
    each bay in every user group that may use it now.
    """

    lot_id: PlainId
    name: str
    capacity: Count
    free: Count | None
    free_min: Count | None
    free_max: Count | None
    occupied: Count
    unknown: Count
    out_of_service: Count
    state: SiteStatus
    opening: str
    opens_at: UtcTime | None = None
    closes_at: UtcTime | None = None
    closed_by: Literal["hours", "closure", "operator"] | None = None
    closed_reason: str | None = None
    trend: Literal["rising", "falling", "steady"] | None
    detection: Detection
    lat: Latitude
    lon: Longitude
    by_kind: dict[str, KindCount]
    measured_at: UtcTime | None
    computed_at: UtcTime
    valid_until: UtcTime
    simulated: bool = False
    by_group: dict[str, KindCount] = Field(default_factory=dict)
    max_stay_min: Count | None = None
    max_height_cm: Count | None = None
    max_width_cm: Count | None = None
    restrictions: list[LotRestriction] = Field(default_factory=list)


class Signature(WireModel):
    """Who vouches for a sign's answer: over the canonical JSON (RFC 8785) of all other members."""

    key_id: str
    algorithm: Literal["ed25519", "hmac-sha256"]
    value: str = Field(description="base64url without padding")


class SignState(WireModel):
    """What a guidance sign shows; after `valid_until` a sign shows its neutral text."""

    sign_id: PlainId
    state: SiteStatus
    free: Count | None
    text: str
    control: Literal["auto", "blank", "full", "closed", "test"]
    overridden: bool
    simulated: bool
    detection: Detection
    alternative: str | None
    alternative_name: str | None = None
    alternative_state: SiteStatus | None = None
    alternative_free: Count | None = None
    sequence: Count
    measured_at: UtcTime | None
    computed_at: UtcTime
    valid_until: UtcTime
    signature: Signature | None = None


class VehicleCapacity(WireModel):
    """Places of a vehicle."""

    seats: Count
    standing: Count


class VehicleState(WireModel):
    """One vehicle's occupancy now; load, bounds and percentage only for the entitled.

    Where it was at `position_at`; null where that is not known, or too long ago.
    """

    vehicle_id: PlainId
    line: str | None
    direction: Direction | None
    trip_id: str | None
    start_date: str | None
    stop_id: str | None
    load: Count | None
    load_min: Count | None
    load_max: Count | None
    capacity: VehicleCapacity | None
    percentage: Annotated[float, Field(ge=0)] | None
    level: Literal["low", "medium", "high"] | None
    occupancy_status: str
    confidence: Annotated[float, Field(ge=0, le=1)] | None
    measured_at: UtcTime | None
    valid_until: UtcTime
    simulated: bool = False
    lat: Latitude | None = None
    lon: Longitude | None = None
    bearing_deg: Annotated[float, Field(ge=0, le=360)] | None = None
    speed_mps: Annotated[float, Field(ge=0)] | None = None
    position_at: UtcTime | None = None


class StopForecast(WireModel):
    """The level expected when a trip leaves a stop; `stop_sequence` is the timetable's."""

    stop_id: str
    stop_sequence: Count
    at: UtcTime
    level: Literal["low", "medium", "high"]
    occupancy_status: str


class TripState(WireModel):
    """How full one trip of a service day will be, as everybody may know it.

    `trip_key` is `start_date:trip_id`; no stop is told of where nothing is known or nobody leaves.
    """

    trip_key: Annotated[str, Field(min_length=1, max_length=300)]
    trip_id: str
    start_date: str
    line: str
    direction: Direction
    stops: list[StopForecast]
    issued_at: UtcTime
    valid_until: UtcTime
    simulated: bool = False
