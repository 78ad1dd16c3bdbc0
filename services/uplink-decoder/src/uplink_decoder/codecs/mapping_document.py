# SPDX-License-Identifier: EUPL-1.2
"""The form of a mapping document, checked strictly; docs/how-to/map-a-sensor.md explains it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from uplink_decoder.codecs.json_path import compile_path
from uplink_decoder.codecs.quantities import QUANTITY_PATTERN, objection
from uplink_decoder.codecs.reading_time import TimeForm

MAX_RULES = 50
MAX_QUANTITIES = 100


def _checked(path: str) -> str:
    compile_path(path)
    return path


def _as_object(value: Any) -> Any:
    """Let a bare path stand for an object with nothing but a path."""
    return {"path": value} if isinstance(value, str) else value


Path = Annotated[str, AfterValidator(_checked)]
Plain = str | bool | int | float | None
Finite = Annotated[float, Field(allow_inf_nan=False)]
Gate = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Number(_Part):
    """A number at a path: value x scale + offset."""

    path: Path
    scale: Finite = 1.0
    offset: Finite = 0.0


NumberAt = Annotated[Number, BeforeValidator(_as_object)]


class ValueTest(_Part):
    """Yes if the value at a path is what is named; with `otherwise`, no only for those named."""

    path: Path
    equals: Plain = None
    is_in: Annotated[list[Plain] | None, Field(alias="in", min_length=1, max_length=100)] = None
    truthy: Literal[True] | None = None
    otherwise: Annotated[list[Plain] | None, Field(min_length=1, max_length=100)] = None

    @model_validator(mode="after")
    def _has_one_test(self) -> ValueTest:
        given = self.model_fields_set & {"equals", "is_in", "truthy"}
        if len(given) != 1:
            raise ValueError("give exactly one of equals, in, truthy")
        if self.truthy and self.otherwise is not None:
            raise ValueError("otherwise goes with equals or in")
        return self


class ReadingTime(_Part):
    """Where a reading tells its own time, and in which form."""

    path: Path
    form: Annotated[TimeForm, Field(strict=False)] = TimeForm.RFC3339


class _Rule(_Part):
    each: Path | None = None
    when: ValueTest | None = None
    time: Annotated[ReadingTime | None, BeforeValidator(_as_object)] = None


class BayRule(_Rule):
    """A bay is occupied or free."""

    kind: Literal["bay"]
    occupied: ValueTest
    suspect: ValueTest | None = None
    previous_duration_s: NumberAt | None = None


class CountRule(_Rule):
    """Objects in and out at one gate or door."""

    kind: Literal["count"]
    gate: Gate
    mode: Literal["delta", "cumulative"]
    count_in: Annotated[NumberAt | None, Field(alias="in")] = None
    count_out: Annotated[NumberAt | None, Field(alias="out")] = None

    @model_validator(mode="after")
    def _counts(self) -> CountRule:
        if self.count_in is None and self.count_out is None:
            raise ValueError("give in, out or both")
        return self


class PresenceRule(_Rule):
    """Radio devices in reach; counts only."""

    kind: Literal["presence"]
    wifi: NumberAt | None = None
    ble: NumberAt | None = None

    @model_validator(mode="after")
    def _counts(self) -> PresenceRule:
        if self.wifi is None and self.ble is None:
            raise ValueError("give wifi, ble or both")
        return self


class QuantityRule(Number):
    """One quantity with its unit, at a path."""

    quantity: Annotated[str, StringConstraints(pattern=QUANTITY_PATTERN)]
    unit: Annotated[str, StringConstraints(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _unit_fits(self) -> QuantityRule:
        if wrong := objection(self.quantity, self.unit):
            raise ValueError(wrong)
        return self


class EnvironmentRule(_Rule):
    """Quantities measured at one time."""

    kind: Literal["environment"]
    quantities: Annotated[list[QuantityRule], Field(min_length=1, max_length=MAX_QUANTITIES)]

    @model_validator(mode="after")
    def _are_different(self) -> EnvironmentRule:
        names = [each.quantity for each in self.quantities]
        if len(set(names)) < len(names):
            raise ValueError("a quantity stands twice")
        return self


Rule = Annotated[BayRule | CountRule | PresenceRule | EnvironmentRule, Field(discriminator="kind")]


class MappingDocument(_Part):
    """What a codec's decoded object means."""

    battery_mv: NumberAt | None = None
    battery_percent: NumberAt | None = None
    readings: Annotated[list[Rule], Field(max_length=MAX_RULES)] = []
