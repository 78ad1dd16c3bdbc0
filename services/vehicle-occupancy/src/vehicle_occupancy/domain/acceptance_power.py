# SPDX-License-Identifier: EUPL-1.2
"""How many door events an equivalence test takes, before anybody counts.

The exact power of two one-sided t-tests (Owen, Biometrika 52 (1965) 437-446; Phillips,
J. Pharmacokin. Biopharm. 18 (1990) 137-144): the probability that the interval lies within the
margin, over all standard deviations that the sample may show.
"""

from __future__ import annotations

from math import ceil, exp, lgamma, log, sqrt
from statistics import NormalDist

from vehicle_occupancy.domain import student

MOST_EVENTS = 10_000_000
_STEPS = 400
_SPREADS = 10.0


def power_of(  # all by name
    events: int, deviation: float, *, bias: float, margin: float, confidence: float
) -> float:
    """Return the probability to pass with so many events, a true bias and a deviation of events."""
    if deviation == 0:
        return float(abs(bias) < margin)
    freedom = events - 1
    reach = student.quantile((1 + confidence) / 2, freedom)
    scale = sqrt(events) / deviation
    upper, lower = (margin - bias) * scale, (-margin - bias) * scale
    # The share of the true deviation that a sample shows is chi distributed, close around 1.
    spread = _SPREADS / sqrt(2 * freedom)
    begin, end = max(0.0, 1 - spread), min(1 + spread, margin * scale / reach)
    if end <= begin:
        return 0.0
    width = (end - begin) / _STEPS
    normal, total = NormalDist(), 0.0
    for step in range(_STEPS + 1):
        seen = begin + step * width
        inside = normal.cdf(upper - reach * seen) - normal.cdf(lower + reach * seen)
        weight = 1 if step in (0, _STEPS) else 4 if step % 2 else 2
        total += weight * max(inside, 0.0) * _density(seen, freedom)
    return min(total * width / 3, 1.0)


def _density(share: float, freedom: int) -> float:
    """Return the density of the sample's standard deviation, in parts of the true one."""
    if share <= 0:
        return 0.0
    half = freedom / 2
    exponent = log(2) + half * log(half) - lgamma(half)
    return exp(exponent + (freedom - 1) * log(share) - half * share * share)


def events_needed(  # all by name
    deviation: float, *, margin: float, confidence: float, power: float, bias: float = 0.0
) -> int | None:
    """Return the fewest events that pass with a probability, None where no feasible number does."""

    def enough(events: int) -> bool:
        reached = power_of(events, deviation, bias=bias, margin=margin, confidence=confidence)
        return reached >= power

    if abs(bias) >= margin:
        return None
    # The normal approximation (Chow, Shao and Wang, formula 3.1.9) is off by a few events only.
    normal = NormalDist()
    passing = power if bias else (1 + power) / 2
    demanded = normal.inv_cdf((1 + confidence) / 2) + normal.inv_cdf(passing)
    guess = (demanded * deviation / (margin - abs(bias))) ** 2
    if guess > MOST_EVENTS:
        return None
    low, high, step = 1, max(2, ceil(guess)), 2
    while not enough(high):
        low, high, step = high, high + step, step * 2
    while high - low > 1 and (lower := max(high - step, low)) > low and enough(lower):
        high, step = lower, step * 2
    low = max(low, high - step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
