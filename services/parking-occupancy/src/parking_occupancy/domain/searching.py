# SPDX-License-Identifier: EUPL-1.2
"""Turnover of a lot from what passed its gates: arrivals, mean dwell, searching traffic, each bounded.

docs/how-to/turnover.md says how and cites what it rests on. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, inf, isfinite, sqrt
from typing import Any, NamedTuple, Self

import numpy as np

from parking_occupancy.domain.balance import NINE_OF_TEN
from parking_occupancy.domain.flow import Flow
from parking_occupancy.domain.gate import Gate
from parking_occupancy.domain.history import FINEST
from parking_occupancy.domain.miscount import Miscounts, fitted

HORIZON = timedelta(days=1)
"""So long after a stretch its last vehicles are still followed; longer stays are cut there."""

SHORT = 3 * FINEST
"""Who finds no place leaves within 10 minutes, told within 5 more."""

LEAST_COMPLETENESS = 0.9

NEARBY = timedelta(hours=1)
"""How fast what others do counts for less, the further away in time it is."""

LOOK_BACK = 8 * NEARBY
"""Further away it does not count."""

_STEP_S = FINEST.total_seconds()
_COLUMNS = tuple(name for name in Flow._fields if name not in {"start", "before_from", "simulated"})


class Errors(NamedTuple):
    """How wrong gates count: the share counted too many lies in between; accidents vary by `noise`."""

    low: float = 0.0
    high: float = 0.0
    noise: float = 0.0

    def least(self, counted: float) -> int:
        """Return how many vehicles there were at least, nine times in ten."""
        return max(floor(counted * (1 - self.high) - self._accident(counted)), 0)

    def most(self, counted: float) -> int:
        """Return how many vehicles there were at most, nine times in ten."""
        return ceil(counted * (1 - self.low) + self._accident(counted))

    def _accident(self, counted: float) -> float:
        return NINE_OF_TEN * sqrt(self.noise * max(counted, 0.0))


def errors_of(known: Miscounts | None, gates: Iterable[Gate]) -> Errors:
    """Return how wrong the gates of a lot count, from what resets told; the worst gate stands for all."""
    learned = fitted(known, list(gates))
    shares = [share for name in learned.gates for share in learned.of_gate(name)]
    return Errors(
        min((s.mean - NINE_OF_TEN * s.deviation for s in shares), default=0.0),
        max((s.mean + NINE_OF_TEN * s.deviation for s in shares), default=0.0),
        learned.scale * max(learned.noise, default=0.0),
    )


class Between(NamedTuple):
    """A number and its bounds; none where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None


class Searching(NamedTuple):
    """One stretch of time of a lot that is counted at its gates; minutes, vehicles, shares of time."""

    arrivals: Between
    departures: Between
    dwell_mean_min: Between
    full_share: float | None
    tight_share: float | None
    full_arrivals: Between
    failed_entries: Between
    known_s: float
    simulated: bool


Columns = Mapping[str, Sequence[Any]]
"""Flows by field of `Flow`; times in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Flows:
    """Finest buckets of a lot from `begin` on, without gaps: what was never counted is unknown.

    `recent` are arrivals while nearly full, `searched` those while full, of a bucket and those
    before it in which they may still be about to leave. `usual` is how many of those inside leave
    in a second about that time while nobody has just come in vain; nan where nobody knows.
    """

    begin: datetime
    columns: Mapping[str, np.ndarray]
    before_from_s: np.ndarray
    recent: np.ndarray
    searched: np.ndarray
    usual: np.ndarray
    simulated: np.ndarray

    @classmethod
    def of(cls, begin: datetime, end: datetime, told: Columns) -> Self:
        """Return the flows between two borders of finest buckets."""
        count, began_s = round((end - begin) / FINEST), begin.timestamp()
        places = np.round((np.array(told["start"], float) - began_s) / _STEP_S).astype(int)

        def spread(values: Sequence[Any], missing: float) -> np.ndarray:
            column = np.full(count, missing)
            given = np.array(values, float)
            column[places] = np.where(np.isnan(given), missing, given)
            return column

        columns = {name: spread(told[name], 0.0) for name in _COLUMNS}
        searched = _about(columns["full_arrivals"])
        return cls(
            begin,
            columns,
            spread(told["before_from"], inf) - began_s,
            _about(columns["tight_arrivals"]),
            searched,
            _usual(columns, searched == 0),
            spread(told["simulated"], 0.0) > 0,
        )

    def simulated_in(self, begin: datetime, end: datetime) -> bool:
        """Tell whether any vehicle from one time to before another was simulated."""
        first, last = (round((at - self.begin) / FINEST) for at in (begin, end))
        return bool(self.simulated[first:last].any())


def _about(arrivals: np.ndarray) -> np.ndarray:
    """Return who came within `SHORT` before the end of each bucket."""
    before = SHORT // FINEST
    padded = np.concatenate((np.zeros(before), arrivals))
    came: np.ndarray = np.convolve(padded, np.ones(before + 1), "valid")
    return came


def _usual(columns: Mapping[str, np.ndarray], alike: np.ndarray) -> np.ndarray:
    """Return which share of those inside leaves in a second, from alike buckets nearby in time."""
    reach = LOOK_BACK // FINEST
    weights = np.exp(-np.abs(np.arange(-reach, reach + 1)) / (NEARBY / FINEST))
    left, inside_s = (
        np.convolve(np.pad(values * alike, reach), weights, "valid")
        for values in (columns["departures"], columns["inside_mean"] * columns["known_s"])
    )
    usual = np.full(len(alike), np.nan)
    np.divide(left, inside_s, out=usual, where=inside_s > 0)
    return usual


def searching(
    flows: Flows, begin: datetime, end: datetime, *, most: int, errors: Errors, seen_until: datetime
) -> Searching:
    """Return what passed the gates from `begin` to before `end`, both on borders of finest buckets.

    `most` vehicles may be inside; flows should reach from `LOOK_BACK` before `begin` to `HORIZON`
    beyond `end`, those counted up to `seen_until` are known.
    """
    first, last = (round((at - flows.begin) / FINEST) for at in (begin, end))
    window = slice(first, last)
    known_s = float(flows.columns["known_s"][window].sum())
    tight, full = (float(flows.columns[name][window].sum()) for name in ("tight_s", "full_s"))
    arrivals, departures = (
        _bounded(flows, first, last, errors, name) for name in ("arrivals", "departures")
    )
    complete = known_s >= LEAST_COMPLETENESS * (last - first) * _STEP_S
    return Searching(
        arrivals,
        departures,
        _dwell(flows, first, last, arrivals, _Rules(most, seen_until, complete=complete)),
        full / known_s if known_s else None,
        tight / known_s if known_s else None,
        _while_full(flows, window, errors),
        _failed(flows, first, last, errors),
        known_s,
        flows.simulated_in(begin, end),
    )


def _bounded(flows: Flows, first: int, last: int, errors: Errors, name: str) -> Between:
    """Return a count with the vehicles that may belong to the time before, or came to be told later."""
    window, later = slice(first, last), slice(last, None)
    counted = flows.columns[name][window].sum()
    before, since = flows.columns[f"{name}_before"], flows.before_from_s
    early = before[window][since[window] < first * _STEP_S].sum()
    late = before[later][since[later] < last * _STEP_S].sum()
    missed = flows.columns[f"{name}_missed"][window].sum()
    return Between(
        float(counted), errors.least(counted - early), errors.most(counted + late + missed)
    )


def _while_full(flows: Flows, window: slice, errors: Errors) -> Between:
    least, likely, most = (
        float(flows.columns[f"full_arrivals{name}"][window].sum()) for name in ("_min", "", "_max")
    )
    return Between(round(likely, 1), errors.least(least), errors.most(most))


def _failed(flows: Flows, first: int, last: int, errors: Errors) -> Between:
    """Return how many came in vain: while no place was free, and left within minutes.

    Who left is not told by a gate. Within minutes of arrivals while full more leave than about
    that time without: these are taken for them, at most as many as came. The lower bound holds
    nine times in ten if the others leave by themselves, the upper one whoever leaves.
    """
    window, before = slice(first, last), max(first - SHORT // FINEST, 0)
    departures, recent = flows.columns["departures"][window], flows.recent[window]
    came_tight, came_full = (
        float(flows.columns[name][before:last].sum())
        for name in ("tight_arrivals", "full_arrivals")
    )
    most = min(float(np.minimum(departures, recent).sum()), came_tight)
    if not most:
        return Between(0.0, 0, 0)
    after = flows.searched[window] > 0
    others = float((flows.usual[window] * _area(flows, "inside_mean", window))[after].sum())
    if not isfinite(others):
        return Between(None, 0, errors.most(most))
    excess = float(departures[after].sum()) - others
    value = min(max(excess, 0.0), came_full, most)
    # Others vary as accidents do, those counted now and those they are judged by, and in waves.
    sure = min(excess - NINE_OF_TEN * sqrt(3 * others + 1), value)
    return Between(round(value, 1), errors.least(max(sure, 0.0)), errors.most(most))


class _Rules(NamedTuple):
    most: int
    seen_until: datetime
    complete: bool


def _area(flows: Flows, name: str, window: slice) -> np.ndarray:
    area: np.ndarray = flows.columns[name][window] * flows.columns["known_s"][window]
    return area


def _dwell(flows: Flows, first: int, last: int, arrivals: Between, rules: _Rules) -> Between:
    """Return how long those who arrived stayed, in minutes: vehicle time inside by arrivals.

    Of that time is taken off what belongs to those who were there before, and added how long the
    last ones stayed after; who left first is not known, so that both are bounded.
    """
    if not arrivals.value or not arrivals.low or not arrivals.high:
        return Between(None, None, None)
    horizon = min(last + round(HORIZON / FINEST), len(flows.before_from_s))
    window, later = slice(first, last), slice(last, horizon)
    low, likely, high = (
        _area(flows, f"inside{name}_mean", window) for name in ("_low", "", "_high")
    )
    unseen_s = _STEP_S - flows.columns["known_s"]
    high += rules.most * unseen_s[window]
    before, after = _Rest.of(flows, window, rules.most), _Rest.of(flows, later, rules.most)
    seen = rules.seen_until - flows.begin >= (last + round(HORIZON / FINEST)) * FINEST
    over = seen or after.gone
    least_s = max(low.sum() - before.most_s, 0.0)
    most_s = high.sum() - before.least_s + after.most_s
    sum_s = likely.sum() - before.fifo_s + (after.fifo_s if over else 0.0)
    if not over:
        # Little's law as it stands: nobody knows yet how long the last ones will stay.
        sum_s = likely.sum()
    bottom = least_s / arrivals.high / 60
    top = most_s / arrivals.low / 60 if over else None
    value = min(max(sum_s / arrivals.value / 60, bottom), inf if top is None else top)
    return Between(
        round(float(value), 1) if rules.complete else None,
        round(float(bottom), 1),
        None if top is None else round(float(top), 1),
    )


class _Rest(NamedTuple):
    """How long those stayed on in a window who were inside when it began, in vehicle seconds."""

    least_s: float
    fifo_s: float
    most_s: float
    gone: bool

    @classmethod
    def of(cls, flows: Flows, window: slice, most: int) -> Self:
        """At most so many are left as were ever inside since; who came first leaves first for `fifo`."""
        known_s = flows.columns["known_s"][window]
        if not known_s.size:
            return cls(0.0, 0.0, 0.0, gone=False)
        high = _area(flows, "inside_high_mean", window) + most * (_STEP_S - known_s)
        ever = np.where(known_s > 0, flows.columns["inside_high_least"][window], most)
        left = np.minimum.accumulate(ever)
        earlier = np.concatenate(([most], left[:-1]))
        inside = flows.columns["inside_first"][window][0] if known_s[0] else 0.0
        width = (high[0] - _area(flows, "inside_low_mean", window)[0]) / _STEP_S
        leaving = flows.columns["departures"][window]
        out = leaving.cumsum()
        missed = flows.columns["departures_missed"][window].cumsum()
        return cls(
            float(np.maximum(inside - width - out - missed, 0.0).sum() * _STEP_S),
            float(np.maximum(inside - out + leaving / 2, 0.0).sum() * _STEP_S),
            float(np.minimum(earlier * _STEP_S, high).sum()),
            gone=bool(left[-1] == 0),
        )
