# SPDX-License-Identifier: EUPL-1.2
"""Alerts of indicators: a source is lost, the newest period has no value, or one of too few data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kpi_aggregator.computing.plan import Plan
from kpi_aggregator.domain.causes import reason_words
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.outcome import MEDIUM
from kpi_aggregator.domain.periods import name_of
from kpi_aggregator.storage import computed
from kpi_aggregator.storage.computed import ComputedValue
from stadttakt_messages.notices import AlertText, Detail
from stadttakt_runtime.alerts import Condition, Severity, settle

NOT_COMPUTABLE = "indicator-not-computable"
COMPLETENESS_LOW = "completeness-low"


async def settle_alerts(connection: Any, plan: Plan, now: datetime) -> None:
    """Raise and clear what wants attention of computed indicators."""
    found: list[Condition] = []
    for planned in plan.formulas:
        for indicator in planned.indicators:
            if planned.fault is not None:
                found.append(_without_source(indicator, planned.fault))
                continue
            values = await computed.holding(
                connection, [indicator.indicator_id], period=indicator.period
            )
            over = [each for each in values if not each.provisional]
            if over:
                found += _conditions(indicator, over[-1])
    await settle(connection, (NOT_COMPUTABLE, COMPLETENESS_LOW), found, now)


def _without_source(indicator: Indicator, fault: str) -> Condition:
    """Return that an indicator cannot be computed any more, as soon as that is so."""
    return Condition(
        NOT_COMPUTABLE,
        indicator.indicator_id,
        Severity.WARNING,
        AlertText(
            de=f"{indicator.title['de']}: die Datenquelle fehlt oder passt nicht ({fault})",
            en=f"{indicator.title['en']}: the source is missing or does not fit ({fault})",
        ),
        details={"fault": fault},
    )


def _conditions(indicator: Indicator, newest: ComputedValue) -> Iterator[Condition]:
    when = name_of(newest.period, newest.period_start)
    share = round(newest.completeness * 100)
    details: dict[str, Detail] = {"period": when, "completeness_percent": share}
    if newest.reason is not None:
        reason = reason_words(newest.reason)
        yield Condition(
            NOT_COMPUTABLE,
            indicator.indicator_id,
            Severity.WARNING,
            AlertText(
                de=f"{indicator.title['de']}: kein Wert für {when}, {reason['de']}",
                en=f"{indicator.title['en']}: no value for {when}, {reason['en']}",
            ),
            details=details,
        )
    elif newest.completeness < MEDIUM:
        yield Condition(
            COMPLETENESS_LOW,
            indicator.indicator_id,
            Severity.INFO,
            AlertText(
                de=f"{indicator.title['de']}: Wert für {when} beruht auf {share} % der Daten",
                en=f"{indicator.title['en']}: the value for {when} is from {share} % of the data",
            ),
            details=details,
        )
