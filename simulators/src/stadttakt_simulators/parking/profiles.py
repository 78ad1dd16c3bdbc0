# SPDX-License-Identifier: EUPL-1.2
"""Demand profiles: relative arrivals by hour and day kind, and dwell times. Plausible shapes, no measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

Hours = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """Arrivals per bay and day, spread over 24 hourly weights per kind of day, and log-normal dwell."""

    name: str
    arrivals_per_bay_day: float
    dwell_median_min: float
    dwell_sigma: float
    weekday: Hours
    saturday: Hours
    sunday: Hours

    def rate_per_bay_h(self, local: datetime) -> float:
        """This function returns the expected arrivals per bay and hour, linear between the hours' centres."""
        hours = (
            self.weekday,
            self.weekday,
            self.weekday,
            self.weekday,
            self.weekday,
            self.saturday,
            self.sunday,
        )[local.weekday()]
        position = (local.hour + local.minute / 60 + local.second / 3600 - 0.5) % 24
        low, share = int(position), position % 1
        weight = hours[low] * (1 - share) + hours[(low + 1) % 24] * share
        # Weights of the weekday make up a day; a Saturday or Sunday may have more or less than that.
        return self.arrivals_per_bay_day * weight / sum(self.weekday)

    def peak_rate_per_bay_h(self) -> float:
        """This function returns an upper bound of the rate, for thinning."""
        peak = max(*self.weekday, *self.saturday, *self.sunday)
        return self.arrivals_per_bay_day * peak / sum(self.weekday)


def _hours(text: str) -> Hours:
    hours = tuple(float(weight) for weight in text.split())
    if len(hours) != 24:
        raise ValueError(f"{len(hours)} hourly weights, a day has 24")
    return hours


def _profile(name: str, arrivals: float, dwell_min: float, sigma: float, *days: str) -> Profile:
    weekday, saturday, sunday = (_hours(day) for day in days)
    return Profile(name, arrivals, dwell_min, sigma, weekday, saturday, sunday)


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _profile(
                "commuter",
                1.6,
                420,
                0.35,
                "0 0 0 0 1 4 14 26 24 12 6 4 4 5 4 3 2 2 1 1 0 0 0 0",
                "0 0 0 0 0 1 2 3 5 6 6 5 4 3 3 2 2 1 1 1 0 0 0 0",
                "0 0 0 0 0 0 1 1 2 3 4 4 3 3 3 2 2 1 1 1 0 0 0 0",
            ),
            _profile(
                "shopping",
                8.5,
                55,
                0.7,
                "0 0 0 0 0 1 2 5 9 13 15 15 14 13 14 15 16 15 11 7 4 2 1 0",
                "0 0 0 0 0 0 1 3 9 16 21 22 21 19 18 16 13 10 8 6 4 3 2 1",
                "0 0 0 0 0 0 0 1 2 3 4 5 5 6 6 6 5 4 4 3 2 1 1 0",
            ),
            _profile(
                "station",
                6.0,
                75,
                1.1,
                "1 1 1 2 5 9 13 15 13 11 10 10 10 10 11 12 14 14 11 8 6 5 3 2",
                "1 1 1 1 3 5 8 10 11 12 12 11 10 10 10 10 10 9 8 6 5 4 3 2",
                "1 1 1 1 2 4 6 8 10 11 11 11 11 11 12 13 14 14 12 9 7 5 3 2",
            ),
            _profile(
                "evening",
                4.5,
                130,
                0.5,
                "1 0 0 0 0 0 1 2 3 4 4 5 6 5 4 5 8 13 20 22 14 6 3 2",
                "2 1 0 0 0 0 0 1 2 4 6 8 9 9 9 10 12 17 24 26 17 8 5 3",
                "2 1 0 0 0 0 0 1 2 4 7 9 10 12 13 13 11 10 9 7 4 2 1 1",
            ),
        )
    }
)
