# SPDX-License-Identifier: EUPL-1.2
"""What the framework says otherwise of indicators than when the last report was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.reporting.document import Redefined, Redefinition
from kpi_aggregator.reporting.held_against import told_value
from kpi_aggregator.standings import Stood


@dataclass(frozen=True, slots=True)
class Past:
    """The indicators that a former report was of, and how they stood; `known` are all of its framework."""

    indicators: Mapping[str, Indicator]
    stood: Mapping[str, Stood]
    known: frozenset[str]


NOTHING = Past({}, {}, frozenset())
"""Of a time before the first framework."""


def redefined(
    past: Past, now: Mapping[str, Indicator], present: Mapping[str, Indicator]
) -> Iterator[Redefined]:
    """Yield what was told and is not any more, what is new, and whose aims or meaning are others.

    `now` are the indicators of this report, `present` all of the framework. Nothing is new where
    there was no framework before.
    """
    if not past.known:
        return
    for name, before in past.indicators.items():
        if name not in now:
            # What everybody was told and is not any more is named without its value.
            value = None if name in present else told_value(past.stood[name].standing.value)
            yield _of(before, Redefinition.REMOVED, value=value)
    for name, each in now.items():
        if name not in past.indicators:
            is_known = name in past.known
            yield _of(each, Redefinition.SHOWN if is_known else Redefinition.ADDED)
        else:
            yield from _changed(past.indicators[name], each)


def _changed(before: Indicator, now: Indicator) -> Iterator[Redefined]:
    for kind, aims in (
        (Redefinition.BASELINE, (before.baseline, now.baseline)),
        (Redefinition.TARGET, (before.target, now.target)),
    ):
        then, holds = ((each.value, each.at) if each else None for each in aims)
        if then != holds:
            yield _of(now, kind, aim_before=then, aim=holds)
    if before.direction is not now.direction:
        yield _of(now, Redefinition.DIRECTION, direction_before=before.direction)
    if before.version != now.version:
        yield _of(now, Redefinition.VERSION, version_before=before.version)


def _of(indicator: Indicator, kind: Redefinition, **more: object) -> Redefined:
    said = {
        "indicator_id": indicator.indicator_id,
        "title": indicator.title["de"],
        "kind": kind,
        "unit": indicator.unit,
        "whole": indicator.whole,
        "direction": indicator.direction,
        "version": indicator.version,
    }
    return Redefined.model_validate({**said, **more})
