# SPDX-License-Identifier: EUPL-1.2
"""Learns how many devices a sensor sees for so many persons, from counted trips.

A linear model with random effects: `devices = background + b_vehicle + (rate + r_vehicle + r_line +
r_hour) * load`. Effects are drawn towards the fleet's mean the more, the fewer data they have
(Lindley and Smith, Bayes Estimates for the Linear Model, JRSS B 34, 1972); how much they differ at
all is found by expectation and maximisation (Dempster, Laird and Rubin, JRSS B 39, 1977). Variances
grow with the mean, and with what is not known of the load itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vehicle_occupancy.domain.presence import Effects, PresenceCalibration, Radio, Rate
from vehicle_occupancy.domain.presence_cells import CellSum, merged

Vector = NDArray[np.float64]
Group = Literal["background", "vehicle", "line", "hour"]

_ROUNDS = 12
_LEAST_WEIGHT = 20.0
"""So many independent samples are the least to be learned from."""

_LEAST_LOAD_SD = 4.0
"""Loads must differ by so much, in persons, or a rate cannot be told from the background."""

_PRIOR_SD: Mapping[Group, float] = {
    "background": 2.0,
    "vehicle": 0.1,
    "line": 0.05,
    "hour": 0.05,
}
_PRIOR_MEMBERS = 3.0
"""What is assumed of an effect's spread counts as much as so many members of it."""


def fit(sums: Sequence[CellSum]) -> PresenceCalibration:
    """Return the calibration of both radios, of each none where too little was counted."""
    together = merged(sums)
    return PresenceCalibration(_fit(together, "wifi"), _fit(together, "ble"))


def _fit(sums: Sequence[CellSum], radio: Radio) -> Effects | None:
    cells = [each for each in sums if each.cell.radio == radio and each.weight > 0]
    data = _Data.of(cells)
    if data is None:
        return None
    return _effects(data, *_maximised(data))


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """Cells as arrays: `columns` and `values` are each cell's six entries of the design matrix."""

    weight: Vector
    load: Vector
    load_variance: Vector
    count: Vector
    within: Vector
    columns: NDArray[np.intp]
    values: Vector
    members: dict[Group, dict[str, int]]
    size: int

    @classmethod
    def of(cls, cells: Sequence[CellSum]) -> _Data | None:
        weight = np.array([each.weight for each in cells])
        if weight.sum() < _LEAST_WEIGHT:
            return None
        load = np.array([each.load for each in cells]) / weight
        mean = float(weight @ load / weight.sum())
        if (weight @ (load - mean) ** 2 / weight.sum()) ** 0.5 < _LEAST_LOAD_SD:
            return None
        count = np.array([each.count for each in cells]) / weight
        square = np.array([each.count_square for each in cells]) / weight
        size, members = 2, dict[Group, dict[str, int]]()
        names: dict[Group, list[str]] = {
            "background": [each.cell.vehicle_id for each in cells],
            "vehicle": [each.cell.vehicle_id for each in cells],
            "line": [each.cell.line for each in cells],
            "hour": [str(each.cell.hour) for each in cells],
        }
        columns = [np.zeros(len(cells), np.intp), np.ones(len(cells), np.intp)]
        for group, own in names.items():
            members[group] = {name: size + n for n, name in enumerate(sorted(set(own)))}
            size += len(members[group])
            columns.append(np.array([members[group][name] for name in own], np.intp))
        ones = np.ones(len(cells))
        return cls(
            weight,
            load,
            np.array([each.load_variance for each in cells]) / weight,
            count,
            np.maximum(square - count**2, 0.0),
            np.stack(columns, axis=1),
            np.stack([ones, load, ones, load, load, load], axis=1),
            members,
            size,
        )


def _maximised(data: _Data) -> tuple[Vector, Vector, dict[Group, float], float]:
    """Return coefficients, their covariance, the effects' spreads and the dispersion."""
    spreads: dict[Group, float] = dict(_PRIOR_SD)
    dispersion: float = 1.5
    coefficients: Vector = np.zeros(data.size)
    coefficients[:2] = _line(data)
    covariance: Vector = np.eye(data.size)
    for _ in range(_ROUNDS):
        mean = np.maximum(_predicted(data, coefficients), 1.0)
        rate = float(coefficients[1])
        base = dispersion * mean + rate**2 * data.load_variance
        coefficients, covariance = _solved(data, data.weight / base, spreads)
        off = (data.count - _predicted(data, coefficients)) ** 2 + data.within
        found = np.maximum(off - rate**2 * data.load_variance, 0.0) / mean
        dispersion = max(float(data.weight @ found / data.weight.sum()), 0.5)
        for group, members in data.members.items():
            own = np.array(list(members.values()))
            squares = float((coefficients[own] ** 2 + covariance[own, own]).sum())
            prior = _PRIOR_SD[group] ** 2 * _PRIOR_MEMBERS
            spreads[group] = ((squares + prior) / (len(own) + _PRIOR_MEMBERS)) ** 0.5
    return coefficients, covariance, spreads, dispersion


def _line(data: _Data) -> tuple[float, float]:
    slope, start = np.polyfit(data.load, data.count, 1, w=np.sqrt(data.weight))
    return float(start), float(slope)


def _predicted(data: _Data, coefficients: Vector) -> Vector:
    predicted: Vector = (coefficients[data.columns] * data.values).sum(axis=1)
    return predicted


def _solved(
    data: _Data, precision: Vector, spreads: Mapping[Group, float]
) -> tuple[Vector, Vector]:
    """Return the posterior mean and covariance of all coefficients."""
    matrix, right = np.zeros((data.size, data.size)), np.zeros(data.size)
    entries = data.values.shape[1]
    for one in range(entries):
        weighted = precision * data.values[:, one]
        np.add.at(right, data.columns[:, one], weighted * data.count)
        for other in range(entries):
            places = (data.columns[:, one], data.columns[:, other])
            np.add.at(matrix, places, weighted * data.values[:, other])
    matrix[0, 0] += 1 / 10.0**2
    matrix[1, 1] += 1.0
    for group, members in data.members.items():
        own = np.array(list(members.values()))
        matrix[own, own] += 1 / spreads[group] ** 2
    covariance: Vector = np.asarray(np.linalg.inv(matrix), np.float64)
    return covariance @ right, covariance


def _centring(data: _Data) -> Vector:
    """Return what makes the fleet's means those of its members, and effects what differs from them.

    A common mean and effects that all share are known together far better than each alone; so
    taken apart, their uncertainties may be added.
    """
    centring: Vector = np.eye(data.size)
    for group, members in data.members.items():
        own = np.array(list(members.values()))
        centring[np.ix_(own, own)] -= 1 / len(own)
        centring[0 if group == "background" else 1, own] += 1 / len(own)
    return centring


def _effects(
    data: _Data,
    coefficients: Vector,
    covariance: Vector,
    spreads: Mapping[Group, float],
    dispersion: float,
) -> Effects:
    centring = _centring(data)
    coefficients = centring @ coefficients
    covariance = centring @ covariance @ centring.T
    deviations = np.sqrt(np.maximum(np.diag(covariance), 0.0))

    def of(group: Group) -> dict[str, tuple[float, float]]:
        return {
            name: (float(coefficients[index]), float(deviations[index]))
            for name, index in data.members[group].items()
        }

    return Effects(
        Rate(
            float(coefficients[0]),
            float(coefficients[1]),
            float(deviations[0]),
            float(deviations[1]),
            dispersion,
        ),
        of("background"),
        of("vehicle"),
        of("line"),
        {int(hour): effect for hour, effect in of("hour").items()},
        spreads["background"],
        spreads["vehicle"],
        spreads["line"],
        spreads["hour"],
    )
