# SPDX-License-Identifier: EUPL-1.2
"""Student's t distribution, as far as acceptance tests need it; pure standard library.

The distribution function by the incomplete beta function (Abramowitz and Stegun 26.7.1), that by
its continued fraction (DLMF 8.17.22, Lentz's method).
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p, pi, sqrt
from statistics import NormalDist

_TINY = 1e-300
_PRECISION = 1e-15
_MOST_TERMS = 200_000
_MOST_STEPS = 200
_CLOSE = 1e-13


def below(t: float, freedom: int) -> float:
    """Return the probability of a value of at most `t`, with so many degrees of freedom."""
    if t == 0:
        return 0.5
    tail = 0.5 * _beta_share(freedom / (freedom + t * t), freedom / 2, 0.5)
    return tail if t < 0 else 1 - tail


def quantile(share: float, freedom: int) -> float:
    """Return the value that so large a share lies below; `share` between 0 and 1."""
    if share < 0.5:
        return -quantile(1 - share, freedom)
    value = NormalDist().inv_cdf(share)
    # Newton's steps rise from the normal quantile: a heavier tail's lies above it.
    for _ in range(_MOST_STEPS):
        step = (share - below(value, freedom)) / _density(value, freedom)
        value += step
        if abs(step) <= _CLOSE * max(1.0, value):
            break
    return value


def _density(t: float, freedom: int) -> float:
    half = freedom / 2
    exponent = lgamma(half + 0.5) - lgamma(half) - (half + 0.5) * log1p(t * t / freedom)
    return exp(exponent) / sqrt(freedom * pi)


def _beta_share(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function."""
    if x in (0.0, 1.0):
        return x
    scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    # The fraction converges fast on this side only (DLMF 8.17.22).
    if x < (a + 1) / (a + b + 2):
        return scale * _fraction(x, a, b) / a
    return 1 - scale * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    numerator, denominator = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = denominator
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            denominator = 1 / _away_from_zero(1 + term * denominator)
            numerator = _away_from_zero(1 + term / numerator)
            step = numerator * denominator
            value *= step
        if abs(step - 1) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
