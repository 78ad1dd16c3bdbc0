# SPDX-License-Identifier: EUPL-1.2
"""The forms of `transit/vehicles.yaml` and `transit/levels.yaml`; docs/reference/city-folder.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from stadttakt_messages.observations import PassengerClass
from vehicle_occupancy.domain.vehicle import DEFAULT_PERSONS

VehicleIdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
KindText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
DoorText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
LineText = Annotated[str, StringConstraints(min_length=1, max_length=100)]
SensorText = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Places = Annotated[int, Field(ge=0, le=2000, strict=True)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CountingEntry(_Entry):
    """How the counters at the doors of a kind of vehicle err and end."""

    miss_rate: Annotated[float, Field(ge=0, le=0.5)] = 0.03
    counter_bits: Literal[8, 16, 31, 32] | None = None
    max_per_min: Annotated[float, Field(gt=0, le=600)] = 90


class AxlesEntry(_Entry):
    """How a mass becomes people: the vehicle's own, and that of a passenger with luggage."""

    tare_kg: Annotated[float, Field(gt=0, le=200_000)]
    person_kg: Annotated[float, Field(ge=30, le=150)] = 75
    noise_kg: Annotated[float, Field(gt=0, le=5000)] = 400


class KindEntry(_Entry):
    """One kind of vehicle: its places, its doors, how its sensors are to be read."""

    kind: KindText
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    mode: Literal["tram", "bus", "metro", "rail", "ferry"]
    seats: Places
    standing: Places
    doors: Annotated[tuple[DoorText, ...], Field(max_length=40)] = ()
    counting: CountingEntry = CountingEntry()
    axles: AxlesEntry | None = None
    persons: Annotated[tuple[PassengerClass, ...], Field(min_length=1)] = tuple(
        PassengerClass(name) for name in sorted(DEFAULT_PERSONS)
    )
    presence: Literal["use", "ignore"] = "use"
    silent_after_s: Annotated[float, Field(ge=60, le=86_400)] = 900
    terminal_empty: Annotated[float, Field(ge=0, lt=1)] = 0.95

    @model_validator(mode="after")
    def _some_place(self) -> Self:
        if self.seats + self.standing == 0:
            raise ValueError("seats and standing: nobody finds room")
        if len(set(self.doors)) != len(self.doors):
            raise ValueError("doors: a door stands there twice")
        return self


class VehicleEntry(_Entry):
    """One vehicle; `sensors` are what its counting systems call themselves or it."""

    vehicle_id: VehicleIdText
    kind: KindText
    lines: Annotated[tuple[LineText, ...], Field(max_length=100)] = ()
    sensors: Annotated[tuple[SensorText, ...], Field(max_length=20)] = ()
    seats: Places | None = None
    standing: Places | None = None
    doors: Annotated[tuple[DoorText, ...], Field(max_length=40)] | None = None
    terminal_empty: Annotated[float, Field(ge=0, lt=1)] | None = None

    def row(self, kind: KindEntry) -> dict[str, Any]:
        """Return what is stored of it: what it does not say is its kind's."""
        sensing = {
            "counting": kind.counting.model_dump(),
            "axles": kind.axles.model_dump() if kind.axles else None,
            "persons": [each.value for each in kind.persons],
            "uses_presence": kind.presence == "use",
            "silent_after_s": kind.silent_after_s,
            "terminal_empty": _or(self.terminal_empty, kind.terminal_empty),
        }
        return {
            "vehicle_id": self.vehicle_id,
            "kind": kind.kind,
            "mode": kind.mode,
            "seats": _or(self.seats, kind.seats),
            "standing": _or(self.standing, kind.standing),
            "doors": kind.doors if self.doors is None else self.doors,
            "lines": self.lines,
            "sensors": self.sensors,
            "sensing": sensing,
        }


def _or(own: Any, usual: Any) -> Any:
    return usual if own is None else own


class LabelEntry(_Entry):
    """What a level is called."""

    de: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class LabelsEntry(_Entry):
    """What the three levels are called."""

    low: LabelEntry = LabelEntry(de="leer", en="empty")
    medium: LabelEntry = LabelEntry(de="mittel", en="moderate")
    high: LabelEntry = LabelEntry(de="stark", en="crowded")


class PublicationEntry(_Entry):
    """How far boundaries of published levels move by chance, and the fewest trips of a profile (0049)."""

    spread: Annotated[float, Field(ge=0, le=0.5)] = 0.06
    least_width: Annotated[int, Field(ge=3, le=201, strict=True)] = 11
    least_load: Annotated[int, Field(ge=1, le=100, strict=True)] = 5
    least_trips: Annotated[int, Field(ge=2, le=1000, strict=True)] = 5


class LevelsEntry(_Entry):
    """From which share of the seats on a level begins, and by how much it is left later."""

    medium_from: Annotated[float, Field(gt=0, le=5)] = 0.5
    high_from: Annotated[float, Field(gt=0, le=5)] = 0.9
    margin: Annotated[float, Field(ge=0, le=0.5)] = 0.02
    labels: LabelsEntry = LabelsEntry()
    publication: PublicationEntry = PublicationEntry()

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.medium_from >= self.high_from:
            raise ValueError("high_from must be above medium_from")
        return self


class ComfortEntry(_Entry):
    """Which shares of seats and standing places may be taken in comfort."""

    seats: Annotated[float, Field(ge=0, le=2)] = 1.0
    standing: Annotated[float, Field(ge=0, le=2)] = 0.25

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.seats + self.standing == 0:
            raise ValueError("seats and standing: nobody would ride in comfort")
        return self


class CostsEntry(_Entry):
    """What measures are taken to cost."""

    vehicle_km_eur: Annotated[float, Field(ge=0, le=1000)] = 6.0
    longer_vehicle_km_eur: Annotated[float, Field(ge=0, le=1000)] = 1.5
    passenger_minute_eur: Annotated[float, Field(ge=0, le=100)] = 0.15


class PeaksEntry(_Entry):
    """What a city calls a peak, and what is assumed for advice."""

    comfort: ComfortEntry = ComfortEntry()
    costs: CostsEntry = CostsEntry()
    told_from: Annotated[float, Field(gt=0, lt=1)] = 0.3
    alert_from: Annotated[float, Field(gt=0, lt=1)] = 0.6
    capped_below: Annotated[float, Field(gt=0, lt=1)] = 0.15
    share_who_move: Annotated[float, Field(ge=0, le=1)] = 0.1
    neighbours: Annotated[int, Field(ge=1, le=10, strict=True)] = 2
    longest_shift_min: Annotated[int, Field(ge=1, le=120, strict=True)] = 20
    most_retimed_min: Annotated[int, Field(ge=1, le=15, strict=True)] = 3
    longest_headway_min: Annotated[int, Field(ge=1, le=60, strict=True)] = 15

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not self.capped_below <= self.told_from <= self.alert_from:
            raise ValueError("capped_below, told_from and alert_from must not fall")
        return self
