# SPDX-License-Identifier: EUPL-1.2
"""A backtest's result as rows for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.forecasting.backtest import DAY_AHEAD, Result
from vehicle_occupancy.forecasting.csv_series import Series

HEADINGS = (
    "forecast", "of", "count", "error", "/week", "/mean", "80 %", "level", "week's", "mean's",
)  # fmt: skip
CHANCE_HEADINGS = ("level high told", "came", "forecasts")


def horizon_name(step: int, step_min: int | None) -> str:
    """Return how a distance is called."""
    if step == DAY_AHEAD:
        return "day ahead"
    if step_min is not None:
        return f"{step * step_min} min ahead"
    return "next stop" if step == 1 else f"{step} stops ahead"


def rows(result: Result, series: Series, *, groups: bool) -> list[tuple[str, ...]]:
    """Return one row of text per distance, and per group where asked."""
    found = [
        _row(horizon_name(step, series.step_min), "all", score)
        for step, score in result.overall.items()
    ]
    found += [_row(_before(each), "all", score) for each, score in result.before.items()]
    if groups:
        found += [
            _row(horizon_name(step, series.step_min), series.groups[group], score)
            for (step, group), score in result.of_group.items()
            if step == DAY_AHEAD
        ]
    return found


def chance_rows(result: Result) -> list[tuple[str, ...]]:
    """Return how often the level high came, by the probability told the day before."""
    return [
        (f"{each.said:.0%}", f"{each.came:.0%}", str(each.forecasts))
        for each in result.reliability.get(DAY_AHEAD, ())
    ]


def as_document(result: Result, series: Series) -> dict[str, Any]:
    """Return the whole result."""
    return {
        "days": result.days,
        "overall": [
            {**_flat(step, series, score),
             "level_high": [asdict(each) for each in result.reliability[step]]}
            for step, score in result.overall.items()
        ],
        "before": [
            {"horizon": _before(each), "minutes": each, **_scored(score)}
            for each, score in result.before.items()
        ],
        "groups": [
            {"group": series.groups[group], **_flat(step, series, score)}
            for (step, group), score in result.of_group.items()
        ],
    }  # fmt: skip


def _row(name: str, of: str, score: Score) -> tuple[str, ...]:
    return (
        name, of, str(score.forecasts), f"{score.mae:.2f}", f"{score.relative_to_last_week:.3f}",
        f"{score.relative_to_mean:.3f}", f"{score.coverage:.0%}", f"{score.level_accuracy:.1%}",
        f"{score.level_accuracy_last_week:.1%}", f"{score.level_accuracy_historical_mean:.1%}",
    )  # fmt: skip


def _before(minutes: int) -> str:
    return f"{minutes} min before"


def _flat(step: int, series: Series, score: Score) -> dict[str, Any]:
    distance = {"horizon": horizon_name(step, series.step_min), "steps": step}
    return {**distance, **_scored(score)}


def _scored(score: Score) -> dict[str, Any]:
    relative = {
        name: value if value == value else None  # noqa: PLR0124
        for name, value in (
            ("relative_to_last_week", score.relative_to_last_week),
            ("relative_to_historical_mean", score.relative_to_mean),
        )
    }
    return {**asdict(score), **relative}
