# SPDX-License-Identifier: EUPL-1.2
"""The part of a lot's entry that says how it is counted at its gates; docs/reference/city-folder.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from parking_occupancy.domain.gate import GateKind

Day = Literal["mo", "tu", "we", "th", "fr", "sa", "su"]
Minute = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
GateName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Rate = Annotated[float, Field(ge=0, le=0.3)]
LEAST_DRIFT = 5
DRIFT_SHARE = 0.1


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GateEntry(_Entry):
    """One gate of a lot."""

    gate: GateName
    kind: GateKind
    heartbeat_limit_s: Annotated[float, Field(gt=0, le=10_000_000)] = 1800
    inverted: bool = False
    counter_bits: Literal[16, 32] | None = None
    max_per_min: Annotated[float, Field(gt=0, le=1000)] = 30
    miss_rate: Rate = 0
    double_rate: Rate = 0


class KnownEmptyEntry(_Entry):
    """Hours at which so many vehicles are inside, by the city's clock."""

    begin: Annotated[Minute, Field(alias="from")]
    end: Annotated[Minute, Field(alias="to")]
    days: Annotated[list[Day], Field(min_length=1)] = ["mo", "tu", "we", "th", "fr", "sa", "su"]
    inside: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.begin == self.end:
            raise ValueError("must not begin when it ends")
        return self


class BalancingEntry(_Entry):
    """How a lot is counted at its gates."""

    gates: list[GateEntry] = []
    known_empty: list[KnownEmptyEntry] = []
    overfill: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 0
    drift_limit: Annotated[int, Field(ge=0, le=100_000, strict=True)] | None = None
    uncertainty_limit: Annotated[float, Field(ge=0, le=1)] = 0.4

    @model_validator(mode="after")
    def _each_gate_once(self) -> Self:
        names = [gate.gate for gate in self.gates]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"gate {name} stands twice")
        return self

    def row(self, capacity: int, holds_for_s: float, timezone: str) -> dict[str, Any]:
        """Return what is stored of it."""
        stored = self.model_dump(mode="json", by_alias=True)
        if self.drift_limit is None:
            stored["drift_limit"] = max(LEAST_DRIFT, round(DRIFT_SHARE * capacity))
        return {**stored, "holds_for_s": holds_for_s, "timezone": timezone}
