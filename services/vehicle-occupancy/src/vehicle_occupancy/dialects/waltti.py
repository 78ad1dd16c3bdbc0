# SPDX-License-Identifier: EUPL-1.2
"""Waltti-APC, schema 1-2-0 (apc-from-vehicle): JSON over MQTT, counts since the message before.

The counting system names itself; which vehicle it is in stands in the city folder (`sensors`);
docs/mapping/passenger-counting.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from vehicle_occupancy.dialects.model import Options, Told, UnreadableError, added, class_of
from vehicle_occupancy.domain.load.reading import Quality

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00]+$")]
Count = Annotated[int, Field(ge=0, le=4_294_967_295, strict=True)]

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


class _Form(BaseModel):
    # Readers of a SchemaVer schema take additions.
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Class(_Form):
    passenger_class: Annotated[
        Literal["adult", "child", "pram", "bike", "wheelchair", "other"], Field(alias="class")
    ]
    inwards: Annotated[Count, Field(alias="in")]
    outwards: Annotated[Count, Field(alias="out")]


class _Door(_Form):
    door: Name
    count: Annotated[list[_Class], Field(min_length=1, max_length=20)]


class _Counts(_Form):
    countquality: Literal["regular", "defect", "other"]
    doorcounts: Annotated[list[_Door], Field(min_length=1, max_length=40)]


class _Apc(_Form):
    system: Annotated[Name, Field(alias="countingSystemId")]
    message_id: Annotated[Name, Field(alias="messageId")]
    tst: AwareDatetime
    vehiclecounts: _Counts


class _Message(_Form):
    apc: Annotated[_Apc, Field(alias="APC")]


def read(payload: bytes, options: Options) -> Sequence[Told]:
    """Return the counts of each door; raises UnreadableError."""
    del options
    try:
        apc = _Message.model_validate_json(payload).apc
    except ValidationError as error:
        raise _unreadable(error, payload) from error
    told: dict[str, dict[str, tuple[int, int]]] = {}
    for door in apc.vehiclecounts.doorcounts:
        counts = told.setdefault(door.door, {})
        for each in door.count:
            added(counts, class_of(each.passenger_class), each.inwards, each.outwards)
    return [
        Told(
            ref=door,
            message_id=apc.message_id,
            sensor=apc.system,
            door=door,
            at=apc.tst,
            mode="delta",
            counts=counts,
            quality=Quality(apc.vehiclecounts.countquality),
        )
        for door, counts in told.items()
    ]


def _unreadable(error: ValidationError, payload: bytes) -> UnreadableError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "message"
    reason = "invalid_json" if first["type"] == "json_invalid" else "wrong_form"
    found = UnreadableError(reason, f"{where}: {first['msg']}")
    door = _door_at(payload, first["loc"])
    return found if door is None else found.at_door(door)


def _door_at(payload: bytes, place: tuple[int | str, ...]) -> str | None:
    """Return what the door is called to which a place in a message belongs."""
    if len(place) < 5 or place[2] != "doorcounts":
        return None
    found = _JSON.validate_json(payload)
    for step in place[:4]:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
    name = found.get("door") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None
