# SPDX-License-Identifier: EUPL-1.2
"""What sensors saw, normalised; published by the decoder and by partners."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from stadttakt_messages.base import Count, Direction, UtcTime, Version, WireModel


class Quality(StrEnum):
    """Whether the sensor itself trusts the reading."""

    GOOD = "good"
    SUSPECT = "suspect"


class BayOccupancy(WireModel):
    """A bay is occupied or free at the event's time."""

    occupied: bool
    previous_duration_s: Count | None = None
    battery_mv: Annotated[int, Field(ge=0, le=100_000)] | None = None
    quality: Quality = Quality.GOOD
    codec_id: str | None = None
    codec_version: Version | None = None


class VehicleCount(WireModel):
    """Vehicles in and out at one gate of a lot.

    `inside` is how many are in the lot, where a barrier's own controller knows it; one that
    counted wrong may say less than none.
    """

    mode: Literal["delta", "cumulative"]
    count_in: Annotated[Count, Field(alias="in")]
    count_out: Annotated[Count, Field(alias="out")]
    inside: Annotated[int, Field(ge=-4_294_967_295, le=4_294_967_295)] | None = None
    codec_id: str | None = None
    codec_version: Version | None = None


class PassengerClass(StrEnum):
    """Object classes of VDV 301-2 PassengerCounting, in the platform's words."""

    ADULT = "adult"
    CHILD = "child"
    BIKE = "bike"
    WHEELCHAIR = "wheelchair"
    PRAM = "pram"
    OTHER = "other"


class ClassCount(WireModel):
    """Passengers of one class in and out."""

    passenger_class: Annotated[PassengerClass, Field(alias="class")]
    count_in: Annotated[Count, Field(alias="in")]
    count_out: Annotated[Count, Field(alias="out")]


class PassengerCount(WireModel):
    """Passengers in and out at one door of a vehicle; quality as in VDV 301-2."""

    mode: Literal["delta", "cumulative"]
    counts: Annotated[list[ClassCount], Field(min_length=1)]
    quality: Literal["regular", "defect", "sabotage", "other"] = "regular"
    codec_id: str | None = None
    codec_version: Version | None = None


class DevicePresence(WireModel):
    """Radio devices in reach of a vehicle's sensor: counts only, never an address."""

    wifi: Count | None = None
    ble: Count | None = None
    codec_id: str | None = None
    codec_version: Version | None = None


class AxleLoad(WireModel):
    """What a vehicle's axles carry: with the vehicle itself (`gross`), or its load alone."""

    mass_kg: Annotated[float, Field(allow_inf_nan=False)]
    gross: bool = True
    codec_id: str | None = None
    codec_version: Version | None = None


class EnvironmentQuantity(WireModel):
    """One measured quantity with its unit (names as in the TTS normalized payload)."""

    quantity: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.]{1,80}$")]
    value: Annotated[float, Field(allow_inf_nan=False)]
    unit: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class Environment(WireModel):
    """Quantities that one asset measured at the event's time."""

    quantities: Annotated[list[EnvironmentQuantity], Field(min_length=1)]
    codec_id: str | None = None
    codec_version: Version | None = None


class VehiclePosition(WireModel):
    """Where a vehicle is (WGS 84 degrees, metres per second, degrees from north)."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    speed_mps: Annotated[float, Field(ge=0)] | None = None
    bearing_deg: Annotated[float, Field(ge=0, lt=360)] | None = None


class TripAssignment(WireModel):
    """Which trip a vehicle serves; all null when it serves none."""

    line: str | None = None
    direction: Direction | None = None
    trip_id: str | None = None
    start_date: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")] | None = None
    stop_id: str | None = None
    valid_until: UtcTime | None = None
