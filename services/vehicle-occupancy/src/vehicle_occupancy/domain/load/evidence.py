# SPDX-License-Identifier: EUPL-1.2
"""How likely what devices or axles say is for each load."""

from __future__ import annotations

from datetime import timedelta
from math import exp

import numpy as np

from vehicle_occupancy.domain.load.grid import Grid
from vehicle_occupancy.domain.load.reading import AxleLoad, PresenceCount
from vehicle_occupancy.domain.load.vehicle import VehicleRules
from vehicle_occupancy.domain.presence import Radio, Rate

_SAME_DEVICES_S = 240.0
"""The devices of a vehicle are new ones, to about two thirds, after so many seconds."""

_SAME_PERSONS = 0.25
"""So much of a count's variance stays from reading to reading: who carries how many devices."""

_DEGREES = 4.0
"""Degrees of freedom of Student's t: a stray count is no disaster."""


def fresh_part(since: timedelta) -> float:
    """Return which part of a reading is news after the last one: the same persons are sensed again."""
    return 1 - exp(-max(since.total_seconds(), 0.0) / _SAME_DEVICES_S)


def doubt_of(rules: VehicleRules, evidence: PresenceCount) -> tuple[float, float]:
    """Return what not knowing the calibration does to a load: standard deviations, share and persons.

    Every reading is wrong by the same, so it does not average out.
    """
    rates = [
        (_rate(rules, evidence, radio), count)
        for radio, count in _counts(evidence)
        if count is not None
    ]
    number = max(len(rates), 1)
    share = sum((rate.rate_sd / rate.rate) ** 2 for rate, _ in rates) ** 0.5 / number
    persons = sum(
        (rate.background_sd**2 + _SAME_PERSONS * rate.dispersion * count) / rate.rate**2
        for rate, count in rates
    )
    return share, persons**0.5 / number


def likelihood_of(
    rules: VehicleRules, evidence: PresenceCount | AxleLoad, weight: float, *, shared: bool = True
) -> Grid:
    """Return the likelihood of a reading for each number of persons, to the power of its weight.

    What all readings get wrong alike is left out unless `shared`, for who accounts for it himself.
    """
    loads = np.arange(rules.most + 1, dtype=np.float64)
    if isinstance(evidence, AxleLoad):
        return _powered(_of_mass(rules, evidence, loads), weight)
    logarithm: Grid = np.zeros(len(loads))
    for radio, count in _counts(evidence):
        if count is not None:
            rate = _rate(rules, evidence, radio)
            logarithm += _of_count(rate if shared else rate.certain(), count, loads)
    return _powered(logarithm, weight)


def _counts(evidence: PresenceCount) -> tuple[tuple[Radio, int | None], ...]:
    return ("wifi", evidence.wifi), ("ble", evidence.ble)


def _rate(rules: VehicleRules, evidence: PresenceCount, radio: Radio) -> Rate:
    return rules.presence.expected(radio, evidence.vehicle_id, evidence.line, evidence.hour)


def _powered(logarithm: Grid, weight: float) -> Grid:
    powered: Grid = np.exp(weight * (logarithm - float(logarithm.max())))
    return powered


def _of_count(rate: Rate, count: int, loads: Grid) -> Grid:
    mean = rate.background + rate.rate * loads
    variance = (
        rate.dispersion * np.maximum(mean, 1.0)
        + rate.background_sd**2
        + (rate.rate_sd * loads) ** 2
    )
    return _student(count - mean, variance)


def _of_mass(rules: VehicleRules, evidence: AxleLoad, loads: Grid) -> Grid:
    axles = rules.axles
    if axles is None:
        return np.zeros(len(loads))
    mean = axles.tare_kg + axles.person_kg * loads
    variance = (
        axles.noise_kg**2
        + loads * axles.person_sd_kg**2
        + (axles.scale_sd * axles.person_kg * loads) ** 2
    )
    return _student(evidence.mass_kg - mean, variance)


def _student(off: Grid, variance: Grid) -> Grid:
    scaled: Grid = -(_DEGREES + 1) / 2 * np.log1p(off**2 / (_DEGREES * variance))
    return scaled - 0.5 * np.log(variance)
