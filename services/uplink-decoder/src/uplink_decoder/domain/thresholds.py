# SPDX-License-Identifier: EUPL-1.2
"""From when something wants attention, and until when it still does; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uplink_decoder.domain.battery import Scale

PERCENT = Scale(empty=0, noise=2, renewal=20)
_MV_NOISE, _MV_RENEWAL = 20.0, 200.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What an operator set; an alert ends where the value is better by the margin beside it."""

    radio_loss_percent: float = 20.0
    codec_errors_day: int = 5
    battery_low_percent: float = 20.0
    battery_low_mv: int = 2700
    battery_empty_mv: int = 2400
    battery_ends_days: int = 60
    mass_silence: int = 50

    def battery_of(self, tags: Mapping[str, str]) -> Battery:
        """Return a device's own limits: its tags count before the settings."""
        return Battery(
            _number(tags.get("battery_low_percent"), self.battery_low_percent),
            _number(tags.get("battery_low_mv"), self.battery_low_mv),
            _number(tags.get("battery_empty_mv"), self.battery_empty_mv),
        )


@dataclass(frozen=True, slots=True)
class Battery:
    """When a device's battery is low, and when it is empty."""

    low_percent: float
    low_mv: float
    empty_mv: float

    def is_low(self, mv: int | None, percent: float | None, *, was_low: bool) -> bool:
        """Tell whether it is low; what was low must rise by 100 mV or 5 % to be so no more.

        A percentage counts before a voltage: the device knows its cell.
        """
        if percent is not None:
            return percent <= self.low_percent + (5 if was_low else 0)
        return mv is not None and mv <= self.low_mv + (100 if was_low else 0)

    @property
    def millivolt(self) -> Scale:
        """Return how its voltage is judged."""
        return Scale(self.empty_mv, _MV_NOISE, _MV_RENEWAL)


def _number(text: str | None, default: float) -> float:
    """Return a tag's number; one that cannot be read is none."""
    try:
        return float(text) if text else default
    except ValueError:
        return default
