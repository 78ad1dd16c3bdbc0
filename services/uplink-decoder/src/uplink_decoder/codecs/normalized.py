# SPDX-License-Identifier: EUPL-1.2
"""The Things Stack's normalized payload (`normalizeUplink`) to environment readings.

Schema `payload.json` of the public device repository: a list of measurements, each with its own
`time`; names and units are taken as they stand there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from uplink_decoder.codecs.model import EnvironmentReading, Frame, Measured
from uplink_decoder.codecs.quantities import QUANTITIES
from uplink_decoder.codecs.reading_time import TimeForm, read_reading_time

MAX_MEASUREMENTS = 1000
NO_SERIES = frozenset({"air.location", "position.latitude", "position.longitude"})
"""Where something is; the asset's place counts."""
WORDS = {"open": 1.0, "closed": 0.0}
"""The two values of action.contactState."""


class Normalized(NamedTuple):
    """What a normalized payload amounts to; the battery is the newest measurement's."""

    readings: tuple[EnvironmentReading, ...] = ()
    battery_mv: int | None = None
    warnings: tuple[str, ...] = ()


def read_normalized(payload: Any, frame: Frame) -> Normalized:
    """Read a normalized payload; what does not fit the schema is left out with a warning."""
    measurements = [payload] if isinstance(payload, dict) else payload
    if not isinstance(measurements, list):
        return Normalized(warnings=("normalized: neither a measurement nor a list",))
    warnings: list[str] = []
    if len(measurements) > MAX_MEASUREMENTS:
        warnings.append(f"normalized: more than {MAX_MEASUREMENTS}, the rest is left")
    readings = []
    battery_mv = None
    for measurement in measurements[:MAX_MEASUREMENTS]:
        if not isinstance(measurement, dict):
            warnings.append("normalized: a measurement is an object")
            continue
        measured = tuple(_measured(measurement, warnings))
        time = _time(measurement.get("time"), frame, warnings)
        if measured:
            readings.append(EnvironmentReading(measured, time))
        battery_mv = _battery_mv(measurement.get("battery"), warnings) or battery_mv
    return Normalized(tuple(readings), battery_mv, tuple(dict.fromkeys(warnings)))


def _measured(measurement: dict[str, Any], warnings: list[str]) -> Iterator[Measured]:
    for name, value in _leaves(measurement):
        if name in {"time", "battery"} or name in NO_SERIES or value is None:
            continue
        known = QUANTITIES.get(name)
        if known is None or not known.in_tts:
            warnings.append(f"normalized: the schema does not know {ascii(name)[:80]}")
            continue
        number = _number(WORDS.get(value) if isinstance(value, str) else value)
        if number is None:
            warnings.append(f"normalized: {name} is not a number")
            continue
        yield Measured(name, number, known.unit)


def _leaves(measurement: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what is not an object, under its path; the schema is at most three levels deep."""
    for first, outer in measurement.items():
        if not isinstance(outer, dict):
            yield first, outer
            continue
        for second, inner in outer.items():
            if not isinstance(inner, dict):
                yield f"{first}.{second}", inner
                continue
            for third, value in inner.items():
                yield f"{first}.{second}.{third}", value


def _number(value: Any) -> float | None:
    """Return a finite number; true and false are 1 and 0."""
    if not isinstance(value, bool | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _time(value: Any, frame: Frame, warnings: list[str]) -> Any:
    if value is None:
        return None
    time = read_reading_time(value, TimeForm.RFC3339, frame.received_at)
    if time is None:
        warnings.append("normalized: time is not RFC 3339")
    return time


def _battery_mv(value: Any, warnings: list[str]) -> int | None:
    """Return the battery in millivolts; the schema has volts."""
    volts = None if isinstance(value, bool) else _number(value)
    if volts is None or not 0 <= volts <= 100:
        if value is not None:
            warnings.append("normalized: battery is not a voltage")
        return None
    return round(volts * 1000)
