# SPDX-License-Identifier: EUPL-1.2
"""What an encoder takes and gives; owns no device's byte layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Occasion(StrEnum):
    """Why a device speaks."""

    CHANGE = "change"
    HEARTBEAT = "heartbeat"
    STARTUP = "startup"


@dataclass(frozen=True, slots=True)
class Frame:
    """One application payload, before encryption, and the port it is sent on."""

    f_port: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class BayState:
    """What a bay sensor knows; each device sends the part that its format has room for."""

    occupied: bool
    previous_duration_s: int = 0
    battery_mv: int = 3600
    temperature_c: float = 12.0
    sequence: int = 0
    bay_number: int = 0
    field: tuple[int, int, int] = (0, 0, 0)
    tag: int | None = None


@dataclass(frozen=True, slots=True)
class GateState:
    """What a counter at a gate or door knows; totals only grow, period counts restart with each report."""

    total_in: int
    total_out: int
    period_in: int = 0
    period_out: int = 0
    battery_percent: int = 100
    temperature_c: float = 12.0


@dataclass(frozen=True, slots=True)
class PresenceState:
    """How many radios a paxcounter hears; `ble` is None where Bluetooth is switched off."""

    wifi: int
    ble: int | None = None
    battery_mv: int = 4100
    uptime_s: int = 0
    cpu_temperature_c: int = 40


State = BayState | GateState | PresenceState
BayEncoder = Callable[[BayState, Occasion], Frame]
GateEncoder = Callable[[GateState, Occasion], Frame]
PresenceEncoder = Callable[[PresenceState, Occasion], Frame]


def clamp(value: float, low: int, high: int) -> int:
    """Rounds a value into the range of its field, as firmware does when a field is too small."""
    return max(low, min(high, round(value)))
