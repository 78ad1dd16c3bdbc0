# SPDX-License-Identifier: EUPL-1.2
"""How wrong doors count: the share too many per person, learned from what was found when a vehicle was empty.

Of all persons who pass a door in one direction a share `b` is counted too many (counted twice less
missed). Between two times at which the vehicle was empty as many boarded as alighted, so the
imbalance of the counts is the sum of `b` times counted persons: one equation for all doors, solved
bit by bit (recursive least squares with a prior, a Kalman filter whose state stands still). Only
the difference of both directions is told by balanced trips; what they have in common keeps its
prior. Source of the balance: Furth, Strathman and Hemily, Making Automatic Passenger Counts
Mainstream (Transportation Research Record 1927, 2005).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from vehicle_occupancy.domain.load.reading import NOBODY, Passed
from vehicle_occupancy.domain.load.vehicle import Door

Vector = NDArray[np.float64]
Traffic = Mapping[str, Passed]

OUTLIER = 3.0
"""An imbalance so many standard deviations off teaches no more than that."""

_COMMON_SD = 0.02
_DIRECTION_SD = 0.03
_DOOR_SD = 0.02
"""How the shares of one vehicle's doors differ: all alike, by direction, by door and direction."""

_WANDER_SD = 0.001
"""From one known-empty time to the next each share wanders by so much: counters age."""

_LEAST_NOISE = 1.0
_PRIOR_TIMES = 12
_MEMORY_TIMES = 30
_SCALES = (0.7, 6.0)
_MOST_SHARE = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Miscounts:
    """What is known of the doors' errors: means and covariance, two (in, out) of each door.

    `scale` is how much more (or less) accidents were found to vary than is assumed, as a factor
    of their variance.
    """

    doors: tuple[str, ...]
    means: Vector
    covariance: Vector
    times: int = 0
    scale: float = 1.0

    def share(self, door: str) -> tuple[float, float]:
        """Return the shares too many of a door, boarding and alighting; those of all where it is new."""
        if door not in self.doors:
            return float(self.means[0::2].mean()), float(self.means[1::2].mean())
        index = 2 * self.doors.index(door)
        return float(self.means[index]), float(self.means[index + 1])

    def variance(self, traffic: Traffic) -> float:
        """Return the variance, in squared persons, that not knowing the shares brings into a balance."""
        signed = self._signed(traffic)
        return float(signed @ self.covariance @ signed)

    def learn(self, traffic: Traffic, excess: float, noise: float) -> Miscounts:
        """Return what is known after doors were found to have counted so many too many on balance.

        `noise` is the variance of the accidents among these counts.
        """
        signed = _balanced(self._signed(traffic))
        if not signed.any():
            return self
        covariance = self.covariance + np.eye(len(self.means)) * _WANDER_SD**2
        column = covariance @ signed
        expected = float(signed @ column) + max(noise, _LEAST_NOISE)
        most = OUTLIER * sqrt(expected)
        surprise = min(max(excess - float(signed @ self.means), -most), most)
        gain = column / expected
        return Miscounts(
            self.doors,
            np.clip(self.means + gain * surprise, -_MOST_SHARE, _MOST_SHARE),
            covariance - np.outer(gain, column),
            self.times + 1,
            self._rescaled(surprise, expected, max(noise, _LEAST_NOISE)),
        )

    def _rescaled(self, surprise: float, expected: float, noise: float) -> float:
        """Return the scale after a surprise, of which not knowing the shares explains a part."""
        weight = _PRIOR_TIMES + min(self.times, _MEMORY_TIMES)
        found = self.scale * max(surprise**2 - (expected - noise), 0.0) / noise
        scale = (self.scale * weight + found) / (weight + 1)
        return min(max(scale, _SCALES[0]), _SCALES[1])

    def _signed(self, traffic: Traffic) -> Vector:
        signed = np.zeros(len(self.means))
        for index, name in enumerate(self.doors):
            passed = traffic.get(name, NOBODY)
            signed[2 * index], signed[2 * index + 1] = passed.boarded, -passed.alighted
        return signed


def _balanced(signed: Vector) -> Vector:
    """Return traffic as if as many had been counted in as out.

    What was counted too many is part of the traffic as well: without this, an imbalance would
    explain itself by shares that both directions have in common.
    """
    inwards, outwards = float(signed[0::2].sum()), -float(signed[1::2].sum())
    if inwards <= 0 or outwards <= 0:
        return np.zeros(len(signed))
    balanced = signed.copy()
    balanced[0::2] *= (inwards + outwards) / 2 / inwards
    balanced[1::2] *= (inwards + outwards) / 2 / outwards
    return balanced


def prior(doors: Sequence[Door]) -> Miscounts:
    """Return what is assumed of doors before the vehicle was first found empty."""
    names = tuple(door.name for door in doors) or ("1",)
    misses = [door.miss_rate for door in doors] or [0.03]
    size = 2 * len(names)
    direction = np.equal.outer(np.arange(size) % 2, np.arange(size) % 2)
    covariance = (
        np.full((size, size), _COMMON_SD**2)
        + direction * _DIRECTION_SD**2
        + np.eye(size) * _DOOR_SD**2
    )
    return Miscounts(names, -np.repeat(misses, 2), covariance)
