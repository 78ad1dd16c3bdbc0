# SPDX-License-Identifier: EUPL-1.2
"""How wrong gates count: a share too many per vehicle, learned from what was found at resets.

Of all vehicles that a gate counts in one direction, a share `b` is too many (counted twice less
missed). At a reset the lot's true number is known, so the sum of `b` times traffic is: one equation
for all gates, solved bit by bit (recursive least squares with a prior, which is a Kalman filter
whose state stands still). Besides each vehicle is an accident of its own, of variance
`m (1 - m) + d (1 - d)` with the rates of misses and double counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from parking_occupancy.domain.gate import NOTHING, Gate, GateKind, Passed

USUAL_RATE: Mapping[GateKind, float] = {
    GateKind.LOOP: 0.01,
    GateKind.CAMERA: 0.005,
    GateKind.BARRIER: 0.001,
}
"""Misses and double counts each, where the city names none: an assumption until resets tell."""

DOUBTFUL = 3.0
"""A reset so many standard deviations off makes what was learned before count for less."""

OUTLIER = 5.0
"""More standard deviations than these teach no more: a wrong reset does little harm, and gates
that are much worse than assumed are believed within a few resets."""

_WANDER = 0.5
"""From reset to reset a share wanders by so much of what is usual for its gate."""

_LEAST_KNOWN = 0.1
_LEAST_SCALE = 0.25
_MEMORY = 20

_PRIOR_RESETS = 4
_LEAST_VARIANCE = 0.25
_MOST_SHARE = 0.3

Traffic = Mapping[str, Passed]


@dataclass(frozen=True, slots=True)
class Miscounts:
    """What is known of the gates' errors: means and covariances, two (in, out) of each gate.

    `scale` is how much more (or less) accidents were found to vary than the rates say.
    """

    gates: tuple[str, ...]
    means: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    noise: tuple[float, ...]
    scale: float = 1.0
    resets: int = 0

    def excess(self, traffic: Traffic) -> float:
        """Return how many vehicles the gates have counted too many, in less out."""
        return _dot(self._signed(traffic), self.means)

    def variance(self, traffic: Traffic) -> float:
        """Return the variance of what the gates say, in squared vehicles."""
        signed = self._signed(traffic)
        shares = _dot(signed, [_dot(row, signed) for row in self.covariance])
        return shares + self.scale * self._accidents(traffic)

    def learn(self, traffic: Traffic, excess: float, *, trusted: bool) -> Miscounts:
        """Return what is known after the gates were found to have counted so many too many.

        A number that cannot be wholly `trusted`, since a person gave it, never makes what was
        learned before count for less.
        """
        signed = self._signed(traffic)
        if not any(signed):
            return self
        accidents = max(self._accidents(traffic), _LEAST_VARIANCE)
        surprise = excess - _dot(signed, self.means)
        doubted = surprise if trusted else 0.0
        covariance = self._loosened(signed, self.scale * accidents, doubted)
        column = [_dot(row, signed) for row in covariance]
        shares = _dot(signed, column)
        expected = shares + self.scale * accidents
        most = OUTLIER * sqrt(expected)
        surprise = min(max(surprise, -most), most)
        gain = [each / expected for each in column]
        weight = _PRIOR_RESETS + min(self.resets, _MEMORY)
        found = max(surprise**2 - shares, 0.0) / accidents
        return Miscounts(
            self.gates,
            tuple(
                min(max(mean + part * surprise, -_MOST_SHARE), _MOST_SHARE)
                for mean, part in zip(self.means, gain, strict=True)
            ),
            tuple(
                tuple(cell - part * other for cell, other in zip(row, column, strict=True))
                for row, part in zip(covariance, gain, strict=True)
            ),
            self.noise,
            max((self.scale * weight + found) / (weight + 1), _LEAST_SCALE),
            self.resets + 1,
        )

    def _loosened(
        self, signed: Sequence[float], accidents: float, surprise: float
    ) -> list[list[float]]:
        """Return the covariance before a reset: shares wander, and wide of the mark are doubted."""
        covariance = [list(row) for row in self.covariance]
        for index in range(len(covariance)):
            covariance[index][index] += (_WANDER * self.noise[index // 2] / 2) ** 2
        expected = _dot(signed, [_dot(row, signed) for row in covariance]) + accidents
        ratio = surprise**2 / expected
        doubt = min(ratio, OUTLIER**2) if ratio > DOUBTFUL**2 else 1.0
        # No share is known to less than a tenth: without a limit, what no reset tells would drift.
        shrink = [
            min(1.0, _LEAST_KNOWN / sqrt(doubt * row[index]))
            for index, row in enumerate(covariance)
        ]
        return [
            [cell * doubt * one * other for cell, other in zip(row, shrink, strict=True)]
            for row, one in zip(covariance, shrink, strict=True)
        ]

    def of_gate(self, name: str) -> tuple[Share, Share]:
        """Return what is known of a gate's errors inwards and outwards."""
        index = 2 * self.gates.index(name)
        return self._share(index), self._share(index + 1)

    def _share(self, index: int) -> Share:
        return Share(self.means[index], sqrt(max(self.covariance[index][index], 0)))

    def _signed(self, traffic: Traffic) -> list[float]:
        signed: list[float] = []
        for name in self.gates:
            passed = traffic.get(name, NOTHING)
            signed += [passed.inwards, -passed.outwards]
        return signed

    def _accidents(self, traffic: Traffic) -> float:
        return sum(
            traffic.get(name, NOTHING).total * noise
            for name, noise in zip(self.gates, self.noise, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Share:
    """How many vehicles of a hundredth part are counted too many, and its standard deviation."""

    mean: float
    deviation: float


def prior(gates: Sequence[Gate]) -> Miscounts:
    """Return what is assumed of gates before the first reset."""
    ordered = sorted(gates, key=lambda gate: gate.name)
    rates = [_rates(gate) for gate in ordered]
    means = [double - miss for miss, double in rates for _ in range(2)]
    deviations = [max(miss, double) for miss, double in rates for _ in range(2)]
    return Miscounts(
        tuple(gate.name for gate in ordered),
        tuple(means),
        tuple(
            tuple(each**2 if row == column else 0.0 for column in range(len(deviations)))
            for row, each in enumerate(deviations)
        ),
        tuple(miss * (1 - miss) + double * (1 - double) for miss, double in rates),
    )


def fitted(known: Miscounts | None, gates: Sequence[Gate]) -> Miscounts:
    """Return what is known, begun anew where the gates are not those it was learned of."""
    if known is None or known.gates != tuple(sorted(gate.name for gate in gates)):
        return prior(gates)
    return known


def _rates(gate: Gate) -> tuple[float, float]:
    if gate.miss_rate or gate.double_rate:
        return gate.miss_rate, gate.double_rate
    usual = USUAL_RATE[gate.kind]
    return usual, usual


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
