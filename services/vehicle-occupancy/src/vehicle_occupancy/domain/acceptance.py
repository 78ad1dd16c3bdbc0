# SPDX-License-Identifier: EUPL-1.2
"""Whether automatic passenger counts may be taken for manual ones: the equivalence test.

VDV-Schrift 457, version 2.1 (04/2018), demands that a counting system be shown to be statistically
unbiased within 1 % by an equivalence test, and no longer recommends the t-test. The test is that of
Siebert and Ellenberger, "Validation of automatic passenger counting: introducing the
t-test-induced equivalence test", Transportation 47 (2020) 3031-3045, arXiv:1802.03341; in
substance the two one-sided tests of Schuirmann, J. Pharmacokin. Biopharm. 15 (1987) 657-680.

The bias is defined as makers of counters define their error at a door (iris GmbH, IRMA: "balanced
error" of boarding and alighting passengers, section 7.1). No interval of door counts was found in
public: looked for in the article and its preprint, VDV 457 v2.1 in English, and Kimpel, Strathman et
al., "Automatic Passenger Counter Evaluation" (Portland State University, 2002), none of which could
be read in full. So intervals are checked against published ones of the same test in another field,
against SciPy, and by the example in docs/acceptance.md, worked by hand. Which subjects of VDV 457
are not covered is there too.

For door events i with manual counts m and automatic counts k the relative deviations are
d = (k - m) / mean(m), their mean is the bias (sum k - sum m) / sum m. The system is equivalent
where the interval `bias ± t * s / sqrt(n)` lies within the margin; t is Student's quantile with
n - 1 degrees of freedom, s the standard deviation of d. A two-sided interval of 95 % is two
one-sided tests at 2.5 %: with this probability at most is a system accepted whose bias is the margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from vehicle_occupancy.domain import student
from vehicle_occupancy.domain.acceptance_power import events_needed

POWER = 0.9
FEWEST_ALIKE = 30
"""So many door events must there be at least if their errors are all the same."""


class Direction(StrEnum):
    """Which way passengers go; either is tested alone, as errors of one may hide the other's."""

    BOARDING = "boarding"
    ALIGHTING = "alighting"


class Verdict(StrEnum):
    """What counts show: within the margin, outside of it, neither, or nothing at all."""

    EQUIVALENT = "equivalent"
    BIASED = "biased"
    UNDECIDED = "undecided"
    UNTESTABLE = "untestable"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is demanded: the largest relative bias, and the confidence of the interval."""

    margin: float = 0.01
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class DoorEvent:
    """One door at one stop, counted twice; no automatic count where the system gave none."""

    vehicle_id: str
    event_id: str
    door: str
    manual_in: int
    manual_out: int
    automatic_in: int | None
    automatic_out: int | None
    trip_id: str | None = None

    def pair(self, direction: Direction) -> tuple[int, int | None]:
        """Return the manual and the automatic count of a direction."""
        if direction is Direction.BOARDING:
            return self.manual_in, self.automatic_in
        return self.manual_out, self.automatic_out


@dataclass(frozen=True, slots=True)
class Interval:
    """The bias with its interval, and what the tests say of it.

    `p_value` is that of the two one-sided tests: the larger one. `p_difference` is that of the
    former t-test, for comparison only: it passes what was measured badly and fails what was
    measured well.
    """

    bias: float
    deviation: float
    low: float
    high: float
    p_value: float
    p_difference: float


@dataclass(frozen=True, slots=True)
class Equivalence:
    """One direction of one vehicle, or of all.

    `missing` events had no automatic count and are left out. `needed` is how many events it takes to
    pass with a probability of 90 % if the system has no bias and deviates as it did here.
    """

    events: int
    missing: int
    manual: int
    automatic: int
    exact_share: float | None
    interval: Interval | None
    verdict: Verdict
    needed: int | None


Result = dict[Direction, Equivalence]


@dataclass(frozen=True, slots=True)
class Report:
    """The test of all vehicles together and of each alone."""

    terms: Terms
    whole: Result
    vehicles: dict[str, Result]

    @property
    def accepted(self) -> bool:
        """Whether boardings and alightings of all vehicles together are both equivalent."""
        return is_accepted(self.whole)


def is_accepted(result: Result) -> bool:
    """Return whether boardings and alightings are both equivalent."""
    return all(each.verdict is Verdict.EQUIVALENT for each in result.values())


def report(events: Sequence[DoorEvent], terms: Terms) -> Report:
    """Test all door events together, and those of each vehicle."""
    by_vehicle: dict[str, list[DoorEvent]] = {}
    for event in events:
        by_vehicle.setdefault(event.vehicle_id, []).append(event)
    vehicles = {vehicle: _both(by_vehicle[vehicle], terms) for vehicle in sorted(by_vehicle)}
    return Report(terms, _both(events, terms), vehicles)


def _both(events: Iterable[DoorEvent], terms: Terms) -> Result:
    counted = list(events)
    return {way: equivalence([event.pair(way) for event in counted], terms) for way in Direction}


def equivalence(counts: Sequence[tuple[int, int | None]], terms: Terms) -> Equivalence:
    """Test pairs of a manual and an automatic count."""
    pairs = [(manual, automatic) for manual, automatic in counts if automatic is not None]
    manual = sum(pair[0] for pair in pairs)
    testable = len(pairs) > 1 and manual > 0
    found = interval(pairs, terms) if testable else None
    return Equivalence(
        events=len(pairs),
        missing=len(counts) - len(pairs),
        manual=manual,
        automatic=sum(pair[1] for pair in pairs),
        exact_share=sum(a == b for a, b in pairs) / len(pairs) if pairs else None,
        interval=found,
        verdict=_verdict_of(found, len(pairs), terms),
        needed=_needed(found, terms),
    )


def interval(pairs: Sequence[tuple[int, int]], terms: Terms) -> Interval:
    """Return bias and interval of pairs of a manual and an automatic count, at least one not 0."""
    number = len(pairs)
    manual = sum(pair[0] for pair in pairs)
    errors = [automatic - count for count, automatic in pairs]
    total = sum(errors)
    # In whole numbers, so that neither rounding nor the order of events decides at the margin.
    squares = number * sum(error * error for error in errors) - total * total
    deviation = sqrt(squares / (number * (number - 1))) * number / manual
    return interval_of(total / manual, deviation, number, terms)


def interval_of(bias: float, deviation: float, events: int, terms: Terms) -> Interval:
    """Return the interval around a bias and the p-values, from so many events that deviate so."""
    freedom = events - 1
    error = deviation / sqrt(events)
    reach = student.quantile((1 + terms.confidence) / 2, freedom) * error
    above_low = 1 - _below(bias + terms.margin, error, freedom)
    below_high = _below(bias - terms.margin, error, freedom)
    return Interval(
        bias=bias,
        deviation=deviation,
        low=bias - reach,
        high=bias + reach,
        p_value=max(above_low, below_high),
        p_difference=2 * _below(-abs(bias), error, freedom) if bias else 1.0,
    )


def _below(distance: float, error: float, freedom: int) -> float:
    if error == 0:
        return 0.5 if distance == 0 else float(distance > 0)
    return student.below(distance / error, freedom)


def verdict(found: Interval | None, terms: Terms) -> Verdict:
    """Return what an interval shows."""
    if found is None:
        return Verdict.UNTESTABLE
    if found.low > -terms.margin and found.high < terms.margin:
        return Verdict.EQUIVALENT
    if found.low > terms.margin or found.high < -terms.margin:
        return Verdict.BIASED
    return Verdict.UNDECIDED


def _verdict_of(found: Interval | None, events: int, terms: Terms) -> Verdict:
    shown = verdict(found, terms)
    if found is None or shown is not Verdict.EQUIVALENT:
        return shown
    # Errors that are all the same say nothing of how they scatter, and the interval has no width.
    says_nothing = found.deviation == 0 and events < FEWEST_ALIKE
    return Verdict.UNDECIDED if says_nothing else shown


def _needed(found: Interval | None, terms: Terms) -> int | None:
    if found is None:
        return None
    return events_needed(
        found.deviation, margin=terms.margin, confidence=terms.confidence, power=POWER
    )
