# SPDX-License-Identifier: EUPL-1.2
"""The base of every wire model; owns the rules that all of them share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, NewType

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

BayId = NewType("BayId", str)
LotId = NewType("LotId", str)
SignId = NewType("SignId", str)
VehicleId = NewType("VehicleId", str)

PlainId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
"""An identifier that is one MQTT topic level: no slash, wildcard or space."""

Count = Annotated[int, Field(ge=0, le=4_294_967_295)]
Version = Annotated[int, Field(ge=0, le=2_147_483_647)]
Direction = Annotated[int, Field(ge=0, le=1)]
"""The direction of a trip as its timetable tells it (GTFS Schedule, `trips.direction_id`)."""


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the times that there are in UTC") from None


UtcTime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with a zone; it is read as UTC, so that comparing times asks no zone."""


class WireModel(BaseModel):
    """An immutable message body; a reader ignores fields that it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )
