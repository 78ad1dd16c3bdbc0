# SPDX-License-Identifier: EUPL-1.2
"""What an action was to change when it was chosen, and what came of all that was done; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vehicle_occupancy.domain.forecast.distribution import P10, P50, P90
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.option import Option, OptionKind
from vehicle_occupancy.domain.peaks.outcome import Outcome, Verdict
from vehicle_occupancy.domain.peaks.peak import Peak


@dataclass(frozen=True, slots=True)
class Promise:
    """What advice expected of an action, as it stood when the action was chosen.

    `moved` persons are not on board at the fullest stop because of it; a longer vehicle moves
    nobody and has another limit. `load` is what was expected there without the action.
    """

    moved: int
    load: float
    limit_after: int
    probability: float
    probability_after: float
    excess: float
    excess_after: float
    trip_id: str | None = None
    """of the option"""
    low: float | None = None
    high: float | None = None
    """80 % interval of `load`"""


@dataclass(frozen=True, slots=True)
class Effect:
    """All that was done about a peak: how many persons were to move, and how many did.

    Measured is the expected load less the counted one, at the stop that was expected to be fullest,
    both as of the first action; `moved_min` and `moved_max` are that for the ends of the 80 %
    interval: where zero lies between, chance alone may have done it.
    """

    expected_moved: int | None
    expected_load: float | None
    moved: float | None
    moved_min: float | None
    moved_max: float | None
    limit: int
    capped: bool | None
    as_expected: bool | None
    """whether at least as many moved as were to; None where nobody was to"""


def chosen(options: Iterable[Option], kind: str, trip_id: str | None) -> Option | None:
    """Return the option that an action is; where no trip is named, one that names none."""
    return next((each for each in options if (each.kind, each.trip_id) == (kind, trip_id)), None)


def promise_of(peak: Peak, option: Option, trip: TripForecast) -> Promise:
    """Return what an option is to change; `trip` is the peak's as it is expected now."""
    moved = 0 if option.kind is OptionKind.LENGTHEN else option.passengers
    effect = option.effect
    return Promise(
        moved=moved if option.assumed_movers is None else option.assumed_movers,
        load=float(trip.quantiles[peak.worst, P50]),
        low=float(trip.quantiles[peak.worst, P10]),
        high=float(trip.quantiles[peak.worst, P90]),
        limit_after=peak.limit if option.limit_after is None else option.limit_after,
        probability=effect.probability,
        probability_after=effect.probability_after,
        excess=effect.excess,
        excess_after=effect.excess_after,
        trip_id=option.trip_id,
    )


def holding(actions: Iterable[tuple[str, str | None, Promise | None]]) -> list[Promise]:
    """Return the promises that hold, of actions in their order by kind and trip.

    Who records the same again does not do it twice: of one kind and trip the newest promise holds.
    """
    found: dict[tuple[str, str | None], Promise] = {}
    for kind, trip_id, promise in actions:
        if promise is not None:
            key = kind, trip_id if promise.trip_id is None else promise.trip_id
            found.pop(key, None)
            found[key] = promise
    return list(found.values())


def effect_of(peak: Peak, outcome: Outcome, known: Sequence[Promise]) -> Effect:
    """Return what came of what was done; promises that hold in the order of their actions.

    Without any, as of actions that no advice was computed of, what was expected is not known. The
    limit is that of the vehicle that ran; where it is not known, of the one that was to.
    """
    promised = max((each.limit_after for each in known), default=peak.limit)
    limit = promised if outcome.limit is None else outcome.limit
    expected = sum(each.moved for each in known) if known else None
    base: float = peak.expected_load
    low: float | None = peak.low
    high: float | None = peak.high
    if known:
        base, low, high = known[0].load, known[0].low, known[0].high
    expected_load = None if expected is None else max(base - expected, 0.0)
    counted = outcome.load if outcome.at_worst is None else outcome.at_worst
    if outcome.verdict is Verdict.NOT_COUNTED or outcome.load is None or counted is None:
        return Effect(expected, expected_load, None, None, None, limit, None, None)
    moved = base - counted
    return Effect(
        expected_moved=expected,
        expected_load=expected_load,
        moved=moved,
        moved_min=None if low is None else low - counted,
        moved_max=None if high is None else high - counted,
        limit=limit,
        capped=outcome.load <= limit,
        as_expected=moved >= expected if expected else None,
    )
