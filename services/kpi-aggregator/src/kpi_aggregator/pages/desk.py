# SPDX-License-Identifier: EUPL-1.2
"""What `/erfassen` shows: what can be entered, what waits, and what was decided last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from kpi_aggregator.api.acting import author_of
from kpi_aggregator.api.views import (
    GroupMeanView,
    IndicatorView,
    ProposalView,
    indicator_view,
    means_view,
    proposal_view,
)
from kpi_aggregator.api.visible import today_of, visible
from kpi_aggregator.domain.causes import said_words
from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.periods import Period, name_of, start_of
from kpi_aggregator.pages import figures
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.storage import values
from kpi_aggregator.storage.meanings import Meanings, meanings
from kpi_aggregator.storage.values import StoredValue
from stadttakt_runtime.auth.principal import Principal

MOST_PENDING = 500
MOST_DECIDED = 30
MOST_PERIODS = 24


class _Held(NamedTuple):
    """What holds of each period, and what is known of the indicators."""

    values: Mapping[tuple[str, Period, date], StoredValue]
    indicators: Mapping[str, Indicator]
    meant: Meanings

    def unit(self, found: StoredValue) -> str:
        """Return the unit that a value is in; of an indicator that is gone, of a version never kept, none."""
        indicator = self.indicators.get(found.indicator_id)
        return self.meant.unit(found, indicator.unit if indicator else "")


class EnteredView(ProposalView):
    """A value that somebody entered, with what one must know to decide on it."""

    period_words: str
    cause_words: str
    mine: bool = Field(description="entered by who asks")
    unit: str = Field(description="of the version by which it was entered")
    holds: float | None = Field(description="what holds of its period now; null: nothing yet")
    holds_unit: str | None = Field(description="of the version of what holds")
    holds_parts: Mapping[str, int] | None = Field(description="null in another unit, too")
    holds_means: Mapping[str, GroupMeanView] | None


class PeriodView(BaseModel):
    """A period that a value can be entered of."""

    start: date
    words: str


class DeskView(BaseModel):
    """What somebody can enter, what waits for a decision, and what was decided last; files stand apart."""

    periods: Mapping[Period, list[PeriodView]] = Field(description="the newest first")
    indicators: list[IndicatorView]
    pending: list[EnteredView]
    decided: list[EnteredView]


async def desk_of(connection: Any, principal: Principal, language: Language) -> DeskView:
    """Return what somebody sees at `/erfassen`."""
    found = [
        each
        for each in await visible(connection, sees_all=True)
        if each.source is not Source.FORMULA
    ]
    pending = await values.pending_alone(connection, limit=MOST_PENDING)
    holding = {
        (each.indicator_id, each.period, each.period_start): each
        for each in await values.holding(connection, [each.indicator_id for each in found])
    }
    decided = await values.decided(connection, limit=MOST_DECIDED)
    by_id = {each.indicator_id: each for each in found}
    held = _Held(holding, by_id, await meanings(connection))
    author = author_of(principal)
    lengths = {each.period for each in found}
    today = await today_of(connection)
    return DeskView(
        periods={each: _periods(each, today, language) for each in lengths},
        indicators=[indicator_view(each) for each in found],
        pending=[_entered(each, held, author, language) for each in pending],
        decided=[_entered(each, held._replace(values={}), author, language) for each in decided],
    )


def _periods(length: Period, today: date, language: Language) -> list[PeriodView]:
    """Return the newest periods of a length; of the first one is told that it goes on."""
    starts = [start_of(length, today)]
    while len(starts) < MOST_PERIODS:
        starts.append(start_of(length, starts[-1] - timedelta(days=1)))
    named = [figures.period(name_of(length, each), language) for each in starts]
    named[0] += f" ({words_in(language)('running')})"
    return [PeriodView(start=each, words=said) for each, said in zip(starts, named, strict=True)]


def _entered(stored: StoredValue, held: _Held, author: str, language: Language) -> EnteredView:
    before = held.values.get((stored.indicator_id, stored.period, stored.period_start))
    unit, holds_unit = held.unit(stored), before and held.unit(before)
    alike = before if unit == holds_unit else None
    name = name_of(stored.period, stored.period_start)
    return EnteredView(
        **dict(proposal_view(stored)),
        period_words=figures.period(name, language),
        cause_words=said_words(stored.cause)[language],
        mine=stored.author == author,
        unit=unit,
        holds=None if before is None else before.value,
        holds_unit=holds_unit,
        holds_parts=None if alike is None else alike.parts,
        holds_means=None if alike is None else means_view(alike.means),
    )
