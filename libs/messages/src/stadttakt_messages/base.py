# SPDX-License-Identifier: EUPL-1.2
"""The base of every wire model; owns the rules that all of them share."""

from __future__ import annotations

from typing import Annotated, NewType

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

BayId = NewType("BayId", str)
LotId = NewType("LotId", str)
SignId = NewType("SignId", str)
VehicleId = NewType("VehicleId", str)

PlainId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
"""An identifier that is one MQTT topic level: no slash, wildcard or space."""

Count = Annotated[int, Field(ge=0, le=4_294_967_295)]
UtcTime = AwareDatetime


class WireModel(BaseModel):
    """An immutable message body; a reader ignores fields that it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )
