# SPDX-License-Identifier: EUPL-1.2
"""Why values became what they are, as it is answered."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from kpi_aggregator.api.views import ReasonView, reason_view
from kpi_aggregator.domain.causes import cause_words, said_words
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.values import StoredValue


class CauseView(BaseModel):
    """Why a value became what it is."""

    at: datetime
    value: float | None
    unit: str = Field(description="of the version that the value is of")
    reason: ReasonView | None
    de: str
    en: str
    days: list[date] = Field(description="whose data made the difference")
    formula_version: int


def entered_cause(stored: StoredValue, unit: str) -> CauseView:
    """Return why an entered value is what it is."""
    return CauseView(
        at=stored.decided_at or stored.proposed_at,
        value=stored.value,
        unit=unit,
        reason=None,
        **said_words(stored.cause),
        days=[],
        formula_version=stored.indicator_version,
    )


def computed_cause(computed: ComputedValue, unit: str) -> CauseView:
    """Return why a computed value is what it is."""
    return CauseView(
        at=computed.computed_at,
        value=computed.value,
        unit=unit,
        reason=reason_view(computed.reason),
        **cause_words(computed.cause),
        days=list(computed.days),
        formula_version=computed.formula_version,
    )
