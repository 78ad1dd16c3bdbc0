# SPDX-License-Identifier: EUPL-1.2
"""The forms of answers about how the framework stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import BaseModel, Field

from kpi_aggregator.api.causes import CauseView
from kpi_aggregator.api.views import ReasonView, reason_view
from kpi_aggregator.domain.diversity import evenness
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import Period, name_of
from kpi_aggregator.domain.scorecard import LIGHT_WORDS, Known, Light, Trend
from kpi_aggregator.standings import Stood


class KnownView(BaseModel):
    """A value on the scorecard."""

    period: Period
    period_start: date
    name: str
    value: float
    completeness: float | None
    simulated: bool
    provisional: bool = Field(
        description="the period is not over, or the value or its source is of before its end and nobody confirmed it"
    )
    unconfirmed: bool = Field(description="the latter: the period is over")
    parts: Mapping[str, int] | None
    evenness: float | None = Field(description="as of values")


class StandingView(BaseModel):
    """One line of the scorecard."""

    indicator_id: str
    title: Mapping[str, str]
    unit: str
    value: KnownView | None = Field(
        description="of the newest period that is over; of the one that goes on where there is no other"
    )
    before: KnownView | None = Field(description="the last one before it, of whatever period")
    trend: Trend | None = Field(
        description="since the period directly before; null where that has no value, or one of both"
        " was made up"
    )
    running: KnownView | None = Field(description="the newest one that is provisional; not rated")
    expected: float | None
    demo: bool = Field(description="baseline or target were made up: so are `expected` and light")
    light: Light
    light_words: Mapping[str, str] = Field(description="what the light says")
    rule: Mapping[str, str] = Field(description="why the light is what it is")
    missing: ReasonView | None = Field(
        description="why the newest period that is over has no value; null where it has one"
    )
    to_confirm: KnownView | None = Field(
        description="what was entered of that period, where nobody confirmed it (`not_confirmed`)"
    )
    causes: list[CauseView] = Field(description="why the newest value is what it is, oldest first")
    extension: bool = Field(description="not of the framework, added by the city")
    address: str | None = Field(description="of its page; null: not known how browsers reach it")


class MehrwertView(BaseModel):
    """A Mehrwert with its indicators."""

    mehrwert: str
    title: Mapping[str, str]
    description: str
    indicators: list[StandingView]


class ScorecardView(BaseModel):
    """How the framework stands, as was known on a day."""

    as_of: date
    framework_version: int | None = Field(
        description="the version of the framework that held then, else the first; null: none was applied"
    )
    framework_applied_at: datetime | None
    framework_in_force: bool = Field(description="false: it was applied later, none held then")
    traffic_light: Mapping[str, str] = Field(description="the rule of the lights")
    reports_address: str | None = Field(description="of the page of reports, as `address`")
    mehrwerte: list[MehrwertView]


def standing_view(
    indicator: Indicator,
    stood: Stood,
    causes: list[CauseView],
    pages: str | None,
) -> StandingView:
    """Return a line of the scorecard; `pages` is where browsers reach the service's pages."""
    found = stood.standing
    return StandingView(
        indicator_id=indicator.indicator_id,
        title=indicator.title,
        unit=indicator.unit,
        value=_known_view(indicator, found.value),
        before=_known_view(indicator, found.before),
        trend=found.trend,
        running=_known_view(indicator, found.running),
        expected=found.expected,
        demo=indicator.has_demo_aims,
        light=found.light,
        light_words=LIGHT_WORDS[found.light],
        rule=found.rule,
        missing=reason_view(stood.missing),
        to_confirm=_known_view(indicator, stood.to_confirm),
        causes=causes,
        extension=indicator.extension,
        address=pages and f"{pages}/kennzahl/{indicator.indicator_id}",
    )


def _known_view(indicator: Indicator, known: Known | None) -> KnownView | None:
    if known is None:
        return None
    return KnownView(
        period=known.period,
        period_start=known.period_start,
        name=name_of(known.period, known.period_start),
        value=known.value,
        completeness=known.completeness,
        simulated=known.simulated,
        provisional=known.provisional,
        unconfirmed=known.unconfirmed,
        parts=known.parts,
        evenness=None
        if indicator.group_scores or not known.all_parts
        else evenness(known.parts, indicator.groups),
    )
