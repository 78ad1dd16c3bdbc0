# SPDX-License-Identifier: EUPL-1.2
"""What means of groups must be to be taken: each of enough persons, and fitting the mean of all."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from kpi_aggregator.domain.fault import Fault
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.means import Means

ROUNDED = 0.05
"""By so much a mean may differ from the exact one: it is told with one decimal."""


def mean_faults(
    indicator: Indicator, means: Means | None, value: float, group_size: int | None
) -> Iterator[Fault]:
    """Yield what is wrong with the means of a survey's groups: groups, numbers, too few persons, contradiction."""
    for group, each in (means or {}).items():
        if group not in indicator.mean_groups:
            yield Fault("means", f"there is no group {group}", "unknown_group")
        elif each.persons < indicator.least_group:
            detail = f"{group} has fewer than {indicator.least_group} persons"
            yield Fault("means", detail, "group_too_small", str(indicator.least_group))
        elif not _allows(indicator, each.mean):
            yield Fault("means", f"{group} is outside of what is possible", "out_of_range")
    if not means or not group_size or not isfinite(value):
        return
    rest = group_size - sum(each.persons for each in means.values())
    if rest < 0:
        yield Fault("means", "are more persons than group_size", "too_many")
    elif 0 < rest < indicator.least_group:
        detail = f"leave {rest} persons over, fewer than {indicator.least_group}"
        yield Fault("means", detail, "group_too_small", str(indicator.least_group))
    elif all(isfinite(each.mean) for each in means.values()):
        yield from _of_the_whole(indicator, means, value, group_size)


def _allows(indicator: Indicator, mean: float, more: float = 0) -> bool:
    low, high = indicator.minimum, indicator.maximum
    above = low is None or mean >= low - more
    return isfinite(mean) and above and (high is None or mean <= high + more)


def _of_the_whole(
    indicator: Indicator, means: Means, value: float, group_size: int
) -> Iterator[Fault]:
    """Yield that groups, and whoever is in none, cannot have the value as their mean."""
    persons = sum(each.persons for each in means.values())
    sums = sum(each.mean * each.persons for each in means.values())
    rest = group_size - persons
    if rest == 0:
        if abs(sums / persons - value) > 2 * ROUNDED + 1e-9:
            detail = f"are {sums / persons:.2f} on the mean, the value is {value:g}"
            yield Fault("means", detail, "contradiction")
        return
    others = (value * group_size - sums) / rest
    if not _allows(indicator, others, ROUNDED * (group_size + persons) / rest + 1e-9):
        detail = (
            f"leave {others:.2f} on the mean for the {rest} persons in none, which is impossible"
        )
        yield Fault("means", detail, "contradiction")
