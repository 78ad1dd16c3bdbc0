# SPDX-License-Identifier: EUPL-1.2
"""Kinds of panels: a number, curves, a table; each with its unit and the threshold of its alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from grafana_foundation_sdk.builders import common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from stadttakt_dashboards.queries import PROMETHEUS, TIMESCALE, Query, Sql
from stadttakt_dashboards.rules import AlertRule, alert_rules

P = TypeVar("P", stat.Panel, timeseries.Panel, table.Panel)
NO_UNITS: Mapping[str, str] = MappingProxyType({})
GOOD, PLAIN = "green", "blue"
COLOURS = {"critical": "red", "warning": "orange"}
# Grafana colours from a value on, rules mostly beyond it: nothing that is counted lies between.
JUST_ABOVE = 1e-6


@dataclass(frozen=True, slots=True)
class About:
    """What a panel is called in German, what it tells in English, its unit, and its alert."""

    title: str
    description: str
    unit: str = "short"
    alert: str | None = None
    line: bool = True
    """Whether the panel shows the very value that its alert compares."""


def number(about: About, *queries: Query, width: int = 4, answers: bool = False) -> stat.Panel:
    """Return a panel that shows what holds now; `answers`: 1 is yes and 0 is no."""
    panel = stat.Panel().span(width).height(4).graph_mode(kinds.BigValueGraphMode.NONE)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if answers:
        words = {"1": "ja", "0": "nein"}
        options = {value: ValueMappingResult(text=word) for value, word in words.items()}
        panel = panel.mappings([ValueMap(options=options)])
    return _told(panel, about, queries, now=True)


def curves(
    about: About, *queries: Query, width: int = 12, stacked: bool = False
) -> timeseries.Panel:
    """Return a panel that shows how something went."""
    panel = timeseries.Panel().span(width).height(8).fill_opacity(20 if stacked else 5)
    panel = panel.legend(
        common.VizLegendOptions()
        .show_legend(show_legend=True)
        .display_mode(kinds.LegendDisplayMode.LIST)
        .placement(kinds.LegendPlacement.BOTTOM)
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if about.alert and about.line:
        style = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    return _told(panel, about, queries, now=False)


def rows(
    about: About, query: Sql, units: Mapping[str, str] = NO_UNITS, *, width: int = 12
) -> table.Panel:
    """Return a panel with rows of the database; `units` are those of columns."""
    panel = table.Panel().span(width).height(8).filterable(filterable=True)
    for column, unit in units.items():
        panel = panel.override_by_name(column, [DynamicConfigValue(id_val="unit", value=unit)])
    return _told(panel, about, [query], now=True)


def _told(panel: P, about: About, queries: Sequence[Query], *, now: bool) -> P:
    for letter, query in zip("ABCDEF", queries, strict=False):
        panel = panel.with_target(query.query(letter, now=now))
    panel = panel.datasource(TIMESCALE if isinstance(queries[0], Sql) else PROMETHEUS)
    rule = alert_rules()[about.alert] if about.alert else None
    description = about.description
    if rule is not None:
        description += f" Alert {rule.name}: {rule.runbook}"
    steps = _steps(rule if about.line else None)
    return (
        panel.title(about.title)
        .description(description)
        .unit(about.unit)
        .thresholds(builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    )


def _steps(rule: AlertRule | None) -> list[Threshold]:
    """Return the colours that say when a rule fires."""
    if rule is None:
        return [Threshold(value=None, color=PLAIN)]
    bad, at = COLOURS[rule.severity], rule.limit
    beyond = at or JUST_ABOVE
    match rule.operator:
        case ">":
            found = [(None, GOOD), (beyond, bad)]
        case "<":
            found = [(None, bad), (at, GOOD)]
        case "==":
            found = [(None, bad), (at + JUST_ABOVE, GOOD)]
        case "!=":
            found = [(None, bad), (at, GOOD), (at + JUST_ABOVE, bad)]
    return [Threshold(value=value, color=color) for value, color in found]
