# SPDX-License-Identifier: EUPL-1.2
"""Computes the effect of a measure or sub-project from the values that the KPI aggregator publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measure_registry.api.undertaking_views import (
    BaselineView,
    EffectView,
    IndicatorEffectView,
    effect_fields,
)
from measure_registry.domain.effect import UNFRAMED, WARNING, Baseline, Framed, effect
from measure_registry.domain.undertaking import Undertaking
from measure_registry.forms.undertakings import IndicatorForm, TitleForm
from measure_registry.storage import indicators
from measure_registry.storage.indicators import Told

NOTHING: Mapping[str, Any] = {
    "period": None,
    "before": None,
    "after": None,
    "before_is": None,
    "difference": None,
    "relative": None,
    "same_season": False,
    "left_out": 0,
}


async def effect_of(connection: Any, found: Undertaking) -> EffectView:
    """Return before and after of each indicator that is linked."""
    links = [IndicatorForm(**each) for each in found.definition["indicators"]]
    ids = [each.indicator_id for each in links]
    told = await indicators.told(connection, ids)
    framed = await indicators.framed(connection, ids)
    names = await indicators.names(connection) or {}
    return EffectView(
        kind=found.kind.value,
        id=found.undertaking_id,
        warning=TitleForm(**WARNING),
        items=[
            _item(link, told, names.get(link.indicator_id), framed.get(link.indicator_id, UNFRAMED))
            for link in links
        ],
    )


def _item(
    link: IndicatorForm,
    told: Mapping[str, Told] | None,
    named: Mapping[str, str] | None,
    framed: Framed,
) -> IndicatorEffectView:
    known = None if told is None else told.get(link.indicator_id)
    baseline = framed.baseline
    fields: dict[str, Any] = {
        **link.model_dump(),
        "title": _title(known, named),
        "unit": (known and known.unit) or (baseline and baseline.unit),
        "baseline": None if baseline is None else _baseline_view(baseline),
    }
    if told is None:
        return IndicatorEffectView(**fields, **NOTHING, reason="kpi_away")
    if known is None and baseline is None:
        return IndicatorEffectView(**fields, **NOTHING, reason="no_values")
    if link.effective_on is None:
        return IndicatorEffectView(**fields, **NOTHING, reason="no_date")
    found = effect(known.values if known else (), link.effective_on, framed)
    return IndicatorEffectView(**fields, **effect_fields(found))


def _baseline_view(found: Baseline) -> BaselineView:
    return BaselineView(value=found.value, at=found.at, source=found.source, made_up=found.made_up)


def _title(known: Told | None, named: Mapping[str, str] | None) -> TitleForm | None:
    if known is not None:
        return TitleForm(de=known.title_de, en=known.title_en)
    return None if named is None else TitleForm(**named)
