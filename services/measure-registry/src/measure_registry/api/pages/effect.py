# SPDX-License-Identifier: EUPL-1.2
"""Before and after as a page shows it: numbers in words, a small chart, and why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from measure_registry.api.undertaking_views import (
    EffectView,
    IndicatorEffectView,
    SideView,
    ValueView,
)
from measure_registry.profiles.wording import Wording, number
from stadttakt_runtime.bar_chart import Bar, draw, period_name

ENTERED = frozenset({"no_values", "nothing_before", "nothing_after"})
"""Reasons that an entered value may end."""


def shown_effect(found: EffectView, wording: Wording, portal: str) -> dict[str, Any] | None:
    """Return what the template shows; nothing where no indicator is linked.

    `portal` is the address beside whose pages those of indicators are; empty where nobody says it.
    """
    if not found.items:
        return None
    warning = getattr(found.warning, wording.language)
    reasons = dict.fromkeys(each.reason for each in found.items if each.reason)
    return {
        "warning": warning,
        "found": [_item(each, wording) for each in found.items],
        "is_entered": not ENTERED.isdisjoint(reasons),
        "entry": f"{portal}/kpi/erfassen" if portal else None,
        "helps": [f"effect_{each}_help" for each in reasons if each != "kpi_away"],
    }


def _item(item: IndicatorEffectView, wording: Wording) -> dict[str, Any]:
    title = getattr(item.title, wording.language) if item.title else item.indicator_id
    values = [*_values(item.before), *_values(item.after)]
    return {
        "title": title,
        "since": _since(item, wording),
        "why": item.reason,
        "kind": _kind(item, wording),
        "means": _means(item, wording),
        "chart": _chart(item, wording) if item.reason is None else None,
        "told": _told(item, title, wording) if item.reason is None else "",
        "has_other_season": item.reason is None and _is_measured(item) and not item.same_season,
        "left_out": item.left_out,
        "is_simulated": any(each.simulated for each in values),
        "rows": list(_rows(item, wording)),
    }


def _since(item: IndicatorEffectView, wording: Wording) -> str:
    if item.effective_on is None:
        return ""
    told = wording.tell("effect_since", day=wording.day(item.effective_on))
    if item.expected:
        expected = wording.tell(f"expected_{item.expected}")
        told += f" {wording.tell('effect_expected', expected=expected)}"
    return told


def _is_measured(item: IndicatorEffectView) -> bool:
    return item.before_is == "measured"


def _kind(item: IndicatorEffectView, wording: Wording) -> str:
    """Return what the before is: measured, the framework's baseline with its day and source, or none though there is one."""
    if _is_measured(item):
        return wording.tell("effect_from_measured", count=len(_values(item.before)))
    began = item.baseline
    if began is None or item.effective_on is None:
        return ""
    told = "effect_from_baseline" if item.before_is else "effect_baseline_later"
    value = f"{wording.number(began.value)} {item.unit or ''}".strip()
    said = [wording.tell(told, value=value, day=wording.day(began.at))]
    if began.source:
        said.append(wording.tell("effect_baseline_source", source=began.source.rstrip(".")))
    elif not began.made_up:
        said.append(wording.tell("effect_baseline_no_source"))
    if began.made_up:
        said.append(wording.tell("effect_baseline_made_up"))
    return " ".join(said)


def _from(item: IndicatorEffectView) -> float | None:
    """Return what after is held against."""
    if item.before_is == "baseline" and item.baseline:
        return item.baseline.value
    return item.before.mean if item.before else None


def _values(side: SideView | None) -> list[ValueView]:
    return [] if side is None else side.values


def _means(item: IndicatorEffectView, wording: Wording) -> str:
    if item.after is None or item.difference is None:
        return ""
    relative = ""
    if item.relative is not None:
        share = f"{item.relative * 100:+.0f}".replace("-", "−")
        relative = wording.tell("effect_relative", share=share)
    sign = "+" if item.difference > 0 else ""
    return wording.tell(
        "effect_means" if _is_measured(item) else "effect_from_means",
        before=wording.number(_from(item)),
        after=wording.number(item.after.mean),
        unit=item.unit or "",
        difference=sign + wording.number(item.difference),
        relative=relative,
    )


def _chart(item: IndicatorEffectView, wording: Wording) -> Markup:
    before, after = _values(item.before), _values(item.after)
    bars = [
        Bar(period_name(item.period or "", each.period_start), each.value, is_pale=each in before)
        for each in (*before, *after)
        if each.value is not None
    ]
    if item.before_is == "baseline" and item.baseline:
        bars.insert(0, Bar(wording.day(item.baseline.at), item.baseline.value, is_pale=True))
    pale = sum(each.is_pale for each in bars)
    drawn = draw(bars, lambda value, _: number(value, wording.language), mark_before=pale)
    return Markup(drawn)  # noqa: S704 (numbers and periods only)


def _told(item: IndicatorEffectView, title: str, wording: Wording) -> str:
    """Return the chart in words, for who does not see it."""
    before, after = item.before, item.after
    return wording.tell(
        "effect_chart" if _is_measured(item) else "effect_from_chart",
        title=title,
        before=len(_values(before)),
        after=len(_values(after)),
        day=wording.day(item.effective_on),
        from_mean=wording.number(_from(item)),
        to_mean=wording.number(after.mean if after else None),
        unit=item.unit or "",
    )


def _rows(item: IndicatorEffectView, wording: Wording) -> Iterator[dict[str, str]]:
    for side, values in (("before", _values(item.before)), ("after", _values(item.after))):
        for each in values:
            share = "–" if each.completeness is None else f"{int(each.completeness * 100)} %"
            told = f"{wording.number(each.value)} {item.unit or ''}".strip()
            yield {
                "period": period_name(item.period or "", each.period_start),
                "side": wording.tell(f"effect_{side}"),
                "value": told,
                "completeness": share,
            }
