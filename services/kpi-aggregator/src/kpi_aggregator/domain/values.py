# SPDX-License-Identifier: EUPL-1.2
"""What a value must be to be taken: of its indicator, its period, its groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from typing import NamedTuple

from kpi_aggregator.domain.causes import UNTOLD, says_why
from kpi_aggregator.domain.fault import Fault
from kpi_aggregator.domain.framework import Indicator, Parts, Source
from kpi_aggregator.domain.mean_faults import ROUNDED, mean_faults
from kpi_aggregator.domain.means import Means, persons_of
from kpi_aggregator.domain.periods import Period, begins

MADE_UP = "demo"
"""Who has entered values that were made up for demonstration: nobody."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value as somebody enters it."""

    indicator_id: str
    period: Period
    period_start: date
    value: float
    source: str
    source_date: date
    author_role: str
    cause: str
    parts: Mapping[str, int] | None = None
    group_size: int | None = None
    evidence: str | None = None
    means: Means | None = None


class Told(NamedTuple):
    """The parts, the persons, the number and the means of a value that holds or did before."""

    parts: Mapping[str, int] | None
    group_size: int | None
    value: float | None = None
    means: Means | None = None


def faults(
    indicator: Indicator, proposal: Proposal, today: date, told: Iterable[Told] = ()
) -> list[Fault]:
    """Return all that is wrong with a value; empty where it may be taken.

    `told` is all that was ever told of the same period, which the new value can be held against.
    """
    told = tuple(told)
    return [
        *_of_source(indicator, proposal, today),
        *_of_period(indicator, proposal, today),
        *_of_number(indicator, proposal.value),
        *_of_groups(indicator, proposal),
        *_of_parts_and_value(indicator, proposal),
        *mean_faults(indicator, proposal.means, proposal.value, proposal.group_size),
        *dict.fromkeys(
            fault for each in told for fault in _of_differences(indicator, proposal, each)
        ),
        *_of_cause(proposal, told),
    ]


TOO_SMALL = "difference_too_small"
"""The code of a correction that would show a small group."""


def untold(indicator: Indicator, proposal: Proposal, today: date, told: Sequence[Told]) -> Proposal:
    """Return a correction by too few persons as it may be told: the numbers told last, and that they changed.

    Raises FaultyError where it has another fault, or is large enough to be told as it is.
    """
    wrong = [each for each in faults(indicator, proposal, today, told) if each.field != "cause"]
    others = [each for each in wrong if each.code != TOO_SMALL]
    if others or not wrong:
        large = Fault("untold", "the correction is large enough to be told", "large_enough")
        raise FaultyError(others or [large])
    last = told[-1]
    return replace(
        proposal,
        value=proposal.value if last.value is None else last.value,
        parts=last.parts,
        means=last.means,
        group_size=last.group_size,
        cause=UNTOLD,
    )


class FaultyError(ValueError):
    """A value cannot be taken; `faults` are all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{each.field} {each.detail}" for each in faults))


def _of_cause(proposal: Proposal, told: Sequence[Told]) -> Iterator[Fault]:
    """Yield that a correction does not say why: what stands in its place tells of a first value."""
    if told and not says_why(proposal.cause):
        yield Fault("cause", "must be given: the period has a value", "cause_missing")


def _of_source(indicator: Indicator, proposal: Proposal, today: date) -> Iterator[Fault]:
    if indicator.source is Source.FORMULA:
        yield Fault("indicator_id", "this indicator is computed, not entered", "computed")
    if proposal.source_date > today:
        yield Fault("source_date", "lies in the future", "out_of_range")
    if proposal.evidence and not proposal.evidence.startswith(("https://", "http://")):
        yield Fault("evidence", "must be a link that begins with https://", "invalid_link")


def _of_period(indicator: Indicator, proposal: Proposal, today: date) -> Iterator[Fault]:
    if proposal.period is not indicator.period:
        yield Fault("period", f"this indicator is told by {indicator.period}", "wrong_period")
    elif not begins(proposal.period, proposal.period_start):
        yield Fault("period_start", f"no {proposal.period} begins on this day", "not_a_start")
    if proposal.period_start > today:
        yield Fault("period_start", "lies in the future", "out_of_range")


def _of_number(indicator: Indicator, value: float) -> Iterator[Fault]:
    if not isfinite(value):
        yield Fault("value", "is no number", "not_finite")
        return
    if indicator.whole and value != int(value):
        yield Fault("value", "must be a whole number", "not_whole")
    if indicator.minimum is not None and value < indicator.minimum:
        least = f"{indicator.minimum:.12g}"
        yield Fault("value", f"is below {least}", "out_of_range", f"≥ {least}")
    if indicator.maximum is not None and value > indicator.maximum:
        most = f"{indicator.maximum:.12g}"
        yield Fault("value", f"is above {most}", "out_of_range", f"≤ {most}")


def _of_groups(indicator: Indicator, proposal: Proposal) -> Iterator[Fault]:
    for group, number in (proposal.parts or {}).items():
        if group not in indicator.groups:
            yield Fault("parts", f"there is no group {group}", "unknown_group")
        elif number < 0:
            yield Fault("parts", f"{group} is negative", "out_of_range")
        elif 0 < _persons(indicator, proposal, number) < indicator.least_group:
            detail = f"{group} has fewer than {indicator.least_group} persons"
            yield Fault("parts", detail, "group_too_small", str(indicator.least_group))
    yield from _of_the_rest(indicator, proposal)
    if indicator.source is Source.SURVEY:
        yield from _of_persons(indicator, proposal)


def _of_persons(indicator: Indicator, proposal: Proposal) -> Iterator[Fault]:
    """Yield that too few persons stand behind a survey's value, or fewer than it counts."""
    least, size = indicator.least_group, proposal.group_size
    if size is None:
        yield Fault("group_size", "must be given", "missing")
    elif size < least:
        detail = f"a survey's value stands for {least} persons at least"
        yield Fault("group_size", detail, "group_too_small", str(least))
    elif _counts_persons(indicator) and size < proposal.value:
        yield Fault("group_size", "is less than the persons that are counted", "contradiction")
    if _counts_persons(indicator) and 0 < proposal.value < least:
        detail = f"are fewer than {least} persons"
        yield Fault("value", detail, "group_too_small", str(least))


def _persons(indicator: Indicator, proposal: Proposal, number: float) -> float:
    """Return how many persons a part stands for; 0 where it stands for none."""
    if indicator.source is not Source.SURVEY:
        return 0
    share = indicator.parts is Parts.PERCENT
    return number * (proposal.group_size or 0) / 100 if share else number


def filled_in(indicator: Indicator, proposal: Proposal) -> Proposal:
    """Return a value with the persons that it stands for: one that counts them says it itself."""
    value = proposal.value
    if proposal.group_size is not None or not _counts_persons(indicator) or not isfinite(value):
        return proposal
    return replace(proposal, group_size=int(value))


def _counts_persons(indicator: Indicator) -> bool:
    """Tell whether a value is itself how many of those who were asked."""
    return indicator.source is Source.SURVEY and indicator.whole


def _of_the_rest(indicator: Indicator, proposal: Proposal) -> Iterator[Fault]:
    """Yield that too few persons are of no part: who knows the sum knows them as well."""
    if indicator.source is not Source.SURVEY or indicator.parts is Parts.PERCENT:
        return
    if not proposal.parts or not proposal.group_size:
        return
    rest = proposal.group_size - sum(proposal.parts.values())
    if rest < 0:
        yield Fault("parts", "are more persons than group_size", "too_many")
    elif 0 < rest < indicator.least_group:
        detail = f"leave {rest} persons over, fewer than {indicator.least_group}"
        yield Fault("parts", detail, "group_too_small", str(indicator.least_group))
    elif rest > 0 and indicator.parts is Parts.EXHAUSTIVE and not indicator.whole:
        detail = f"are all there is, but {rest} of those who were asked are in none"
        yield Fault("parts", detail, "contradiction")


def _of_parts_and_value(indicator: Indicator, proposal: Proposal) -> Iterator[Fault]:
    """Yield that a value and its parts contradict each other."""
    parts, value = proposal.parts, proposal.value
    if not parts or not isfinite(value):
        return
    total = sum(parts.values())
    if indicator.parts is Parts.PERCENT:
        yield from _of_shares(indicator, parts, value)
    elif indicator.group_scores:
        yield from _of_scores(indicator, parts, value)
    elif indicator.whole:
        if total > value:
            yield Fault("parts", f"add up to {total}, more than the value", "contradiction")
        elif total < value and indicator.parts is Parts.EXHAUSTIVE:
            detail = f"are all there is, but add up to {total}, not to {value:g}"
            yield Fault("parts", detail, "contradiction")
        elif indicator.source is Source.SURVEY and 0 < value - total < indicator.least_group:
            detail = f"leave {value - total:g} over, fewer than {indicator.least_group}"
            yield Fault("parts", detail, "group_too_small", str(indicator.least_group))


HALF_A_PERCENT = 0.5
"""By so much a share in whole percent differs from the exact one at most."""


def _of_shares(indicator: Indicator, parts: Mapping[str, int], value: float) -> Iterator[Fault]:
    """Yield that shares are no shares of a whole, or that the value is not made of them."""
    for name, share in parts.items():
        if share > 100:
            yield Fault("parts", f"{name} is above 100 %", "out_of_range")
    total = sum(parts.values())
    if abs(total - 100) > HALF_A_PERCENT * len(parts):
        yield Fault("parts", f"add up to {total} %, not to 100 %", "contradiction")
    named = [parts.get(name, 0) for name in indicator.share_of]
    if named and abs(sum(named) - value) > HALF_A_PERCENT * len(named) + ROUNDED:
        told = " + ".join(indicator.share_of)
        yield Fault(
            "parts", f"are {sum(named)} % of {told}, the value is {value:g}", "contradiction"
        )


def _of_scores(indicator: Indicator, parts: Mapping[str, int], value: float) -> Iterator[Fault]:
    """Yield that a value lies outside of what its groups can be on the mean."""
    total = sum(parts.values())
    low, high = (
        sum(
            parts[name] * scores[end]
            for name, scores in indicator.group_scores.items()
            if name in parts
        )
        for end in (0, 1)
    )
    if not total:
        yield Fault("parts", "are nobody, but there is a value", "contradiction")
    elif not low / total - ROUNDED <= value <= high / total + ROUNDED:
        between = f"{low / total:.2f} and {high / total:.2f}"
        detail = f"are between {between} on the mean, the value is {value:g}"
        yield Fault("parts", detail, "contradiction")


def _of_differences(indicator: Indicator, proposal: Proposal, told: Told) -> Iterator[Fault]:
    """Yield that a correction would show a small group: who knows both values knows the difference."""
    if indicator.source is not Source.SURVEY:
        return
    least = indicator.least_group
    if _counts_persons(indicator) and told.value is not None:
        more = abs(proposal.value - told.value)
        if 0 < more < least:
            detail = f"differs by {more:g} persons from what was told, fewer than {least}"
            yield Fault("value", detail, TOO_SMALL)
    if told.group_size is not None and proposal.group_size is not None:
        more = abs(proposal.group_size - told.group_size)
        if 0 < more < least:
            detail = f"differs by {more} persons from what was told, fewer than {least}"
            yield Fault("group_size", detail, TOO_SMALL)
    if indicator.parts is not Parts.PERCENT:
        yield from _of_groups_told("parts", least, (proposal.parts, proposal.group_size), told[:2])
    now, before = persons_of(proposal.means), persons_of(told.means)
    yield from _of_groups_told(
        "means", least, (now, proposal.group_size), (before, told.group_size)
    )


Persons = tuple[Mapping[str, int] | None, int | None]
"""How many of each group, and of all."""


def _of_groups_told(field: str, least: int, now: Persons, before: Persons) -> Iterator[Fault]:
    """Yield that a group, or who is in none, differs by too few persons from what was told."""
    (groups, size), (told, told_size) = now, before
    if groups is None or told is None:
        return
    for name in sorted(told.keys() | groups.keys()):
        more = abs(groups.get(name, 0) - told.get(name, 0))
        if 0 < more < least:
            detail = f"{name} differs by {more} persons from what was told, fewer than {least}"
            yield Fault(field, detail, TOO_SMALL)
    if size is None or told_size is None:
        return
    more = abs((size - sum(groups.values())) - (told_size - sum(told.values())))
    if 0 < more < least:
        detail = f"leave {more} persons more or fewer over than was told, fewer than {least}"
        yield Fault(field, detail, TOO_SMALL)
