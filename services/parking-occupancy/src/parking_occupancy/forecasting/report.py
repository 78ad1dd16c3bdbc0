# SPDX-License-Identifier: EUPL-1.2
"""A backtest's result as rows for people, as CSV and as JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from parking_occupancy.domain.forecast.scoring import Score, Standing
from parking_occupancy.forecasting.backtest import Result

SHOWN_MIN = (15, 30, 60, 120, 240)
MEANS = ("relative", "seasonal_relative", "coverage", "width")


def mean_rows(result: Result) -> list[tuple[str, ...]]:
    """Return one row of text per horizon: the means over the scored lots."""
    lots = sum(each is Standing.SCORED for each in result.standing.values())
    rows: list[tuple[str, ...]] = []
    for index, minutes in enumerate(result.horizons_min):
        relative, seasonal, coverage, width = (result.mean(index, name) for name in MEANS)
        rows.append((
            str(minutes), str(lots), f"{relative:.3f}", f"{seasonal:.3f}",
            f"{coverage:.1%}", f"{width:.1f}",
        ))  # fmt: skip
    return rows


def lot_rows(result: Result) -> list[tuple[str, ...]]:
    """Return rows of text for each lot at some horizons, errors in places."""
    rows: list[tuple[str, ...]] = []
    for lot_id, minutes, score in _all(result):
        if minutes not in SHOWN_MIN:
            continue
        new = " (new)" if result.standing[lot_id] is Standing.NEW else ""
        rows.append((
            f"{lot_id}{new}", str(minutes), f"{score.mae:.2f}", f"{score.mae_persistence:.2f}",
            f"{score.mae_seasonal_mean:.2f}", f"{score.relative:.3f}", f"{score.coverage:.0%}",
        ))  # fmt: skip
    return rows


def as_document(result: Result) -> dict[str, Any]:
    """Return the whole result."""
    return {
        "mean": [
            {"horizon_min": minutes, **{name: _finite(result.mean(index, name)) for name in MEANS}}
            for index, minutes in enumerate(result.horizons_min)
        ],
        "lots": [
            {
                "lot_id": lot_id,
                "standing": standing.value,
                "scores": [_flat(minutes, score) for minutes, score in _of(result, lot_id)],
            }
            for lot_id, standing in result.standing.items()
        ],
    }


def write_scores(folder: Path, result: Result) -> None:
    """Write scores.csv and scores.json."""
    (folder / "scores.json").write_bytes(
        orjson.dumps(as_document(result), option=orjson.OPT_INDENT_2)
    )
    with (folder / "scores.csv").open("w", encoding="utf-8", newline="") as stream:
        writer: csv.DictWriter[str] | None = None
        for lot_id, minutes, score in _all(result):
            row = {
                "lot_id": lot_id,
                "standing": result.standing[lot_id].value,
                **_flat(minutes, score),
            }
            if writer is None:
                writer = csv.DictWriter(stream, list(row))
                writer.writeheader()
            writer.writerow(row)


def _all(result: Result) -> Iterator[tuple[str, int, Score]]:
    for lot_id in result.scores:
        for minutes, score in _of(result, lot_id):
            yield lot_id, minutes, score


def _of(result: Result, lot_id: str) -> Iterator[tuple[int, Score]]:
    found = result.scores.get(lot_id, ())
    for minutes, score in zip(result.horizons_min, found, strict=False):
        if score is not None:
            yield minutes, score


def _flat(minutes: int, score: Score) -> dict[str, Any]:
    relative = {
        "relative": _finite(score.relative),
        "seasonal_relative": _finite(score.seasonal_relative),
    }
    return {"horizon_min": minutes, **asdict(score), **relative}


def _finite(value: float) -> float | None:
    return value if value == value else None  # noqa: PLR0124
