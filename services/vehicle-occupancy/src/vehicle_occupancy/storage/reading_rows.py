# SPDX-License-Identifier: EUPL-1.2
"""Readings as rows and back."""

from __future__ import annotations

from typing import Any

import orjson

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.reading import Quality
from vehicle_occupancy.domain.reading import (
    Assignment,
    AxleReading,
    DevicesReading,
    DoorReading,
    Input,
    Position,
    SensorReading,
)

_KINDS: dict[type[Any], str] = {
    DoorReading: "door-count",
    DevicesReading: "devices-seen",
    AxleReading: "axle-load",
}
_WORDS = {**_KINDS, Position: "position", Assignment: "assignment"}


def word_of(said: Input) -> str:
    """Return the word for what was said."""
    return _WORDS[type(said)]


def kind_of(said: Input) -> str:
    """Return the word for what sort of reading it is."""
    return _KINDS[type(said)]


def body_of(said: Input) -> dict[str, Any]:
    """Return what is told beside vehicle, door and time."""
    match said:
        case DoorReading():
            counts = {name: list(pair) for name, pair in said.counts.items()}
            return {"mode": said.mode, "counts": counts, "quality": said.quality.value}
        case DevicesReading():
            return {"wifi": said.wifi, "ble": said.ble}
        case AxleReading():
            return {"mass_kg": said.mass_kg, "gross": said.gross}
        case _:
            raise TypeError(f"{type(said).__name__} is no reading")


def to_reading(row: Any) -> SensorReading:
    """Return a row as the reading that it is."""
    body = orjson.loads(row["body"])
    shared = {
        "event_id": row["event_id"],
        "vehicle_id": VehicleId(row["vehicle_id"]),
        "observed_at": row["observed_at"],
        "simulated": row["simulated"],
        "corrects": row["corrects"],
    }
    match row["kind"]:
        case "door-count":
            return DoorReading(
                **shared,
                door=row["door"],
                mode=body["mode"],
                counts={name: (pair[0], pair[1]) for name, pair in body["counts"].items()},
                quality=Quality(body["quality"]),
            )
        case "devices-seen":
            return DevicesReading(**shared, **body)
        case _:
            return AxleReading(**shared, **body)
