# SPDX-License-Identifier: EUPL-1.2
"""How many radio devices a sensor sees for so many persons: `background + rate * load`, with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Radio = Literal["wifi", "ble"]


class Rate(NamedTuple):
    """What a sensor is expected to see: devices without passengers, and devices per person.

    `rate_sd` and `background_sd` are what is not known of them, `dispersion` is the variance of a
    count over its mean (1 would be Poisson).
    """

    background: float
    rate: float
    background_sd: float
    rate_sd: float
    dispersion: float

    def certain(self) -> Rate:
        """Return the rate as if it were known."""
        return self._replace(background_sd=0.0, rate_sd=0.0)


UNLEARNED: Mapping[Radio, Rate] = {
    "wifi": Rate(2.0, 0.6, 3.0, 0.3, 2.0),
    "ble": Rate(2.0, 0.4, 3.0, 0.25, 2.0),
}
"""Assumed before anything was counted beside: wide enough that it says little."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The fitted model of one radio: a fleet's mean, and what vehicle, line and hour add to the rate.

    Each effect has its mean and standard deviation; `*_sd` of the fleet's own are what an unseen
    vehicle, line or hour may differ by.
    """

    fleet: Rate
    backgrounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    vehicles: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    lines: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    hours: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    background_spread: float = 0.0
    vehicle_spread: float = 0.0
    line_spread: float = 0.0
    hour_spread: float = 0.0

    def expected(self, vehicle: str, line: str | None, hour: int) -> Rate:
        """Return the rate of a vehicle on a line at a local hour; what is unknown of it adds up."""
        background = self.backgrounds.get(vehicle, (0.0, self.background_spread))
        parts = (
            self.vehicles.get(vehicle, (0.0, self.vehicle_spread)),
            self.lines.get(line or "", (0.0, self.line_spread)),
            self.hours.get(hour, (0.0, self.hour_spread)),
        )
        rate_variance = self.fleet.rate_sd**2 + sum(sd**2 for _, sd in parts)
        return Rate(
            max(self.fleet.background + background[0], 0.0),
            max(self.fleet.rate + sum(mean for mean, _ in parts), 0.01),
            (self.fleet.background_sd**2 + background[1] ** 2) ** 0.5,
            rate_variance**0.5,
            self.fleet.dispersion,
        )


@dataclass(frozen=True, slots=True)
class PresenceCalibration:
    """What was learned of both radios, nothing at first."""

    wifi: Effects | None = None
    ble: Effects | None = None

    def expected(self, radio: Radio, vehicle: str, line: str | None, hour: int) -> Rate:
        """Return what a sensor of a radio should see."""
        effects = self.wifi if radio == "wifi" else self.ble
        if effects is None:
            return UNLEARNED[radio]
        return effects.expected(vehicle, line, hour)
