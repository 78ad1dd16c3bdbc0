# SPDX-License-Identifier: EUPL-1.2
"""A backtest as a picture: error by horizon in parts of persistence's, and how intervals held."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from parking_occupancy.domain.forecast.scoring import Standing
from parking_occupancy.forecasting.backtest import Result

WIDTH, HEIGHT = 760, 560
LEFT, RIGHT, TOP, MIDDLE, BOTTOM = 60, 600, 40, 360, 500
MOST = 1.5
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.axis{stroke:#999}.lot{stroke:#9cc;fill:none}"
    ".model{stroke:#056;stroke-width:3;fill:none}.seasonal{stroke:#b50;stroke-width:2;fill:none;"
    "stroke-dasharray:6 4}.persistence{stroke:#444;stroke-width:2}.band{fill:#cde}"
)


def draw(result: Result) -> str:
    """Return an SVG document."""
    count = range(len(result.horizons_min))
    model = [result.mean(index, "relative") for index in count]
    seasonal = [result.mean(index, "seasonal_relative") for index in count]
    coverage = [result.mean(index, "coverage") for index in count]
    lots = [
        [score.relative if score else float("nan") for score in scores]
        for lot_id, scores in result.scores.items()
        if result.standing[lot_id] is Standing.SCORED
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<style>{_STYLE}</style><title>Error of the forecast by horizon</title>",
        _text(LEFT, 22, "Mean absolute error in parts of persistence's"),
        *_grid(TOP, MIDDLE, (0, 0.5, 1, 1.5), MOST, ""),
        *(_line("lot", lot, TOP, MIDDLE, MOST) for lot in lots),
        _line("persistence", [1.0] * len(count), TOP, MIDDLE, MOST),
        _line("seasonal", seasonal, TOP, MIDDLE, MOST),
        _line("model", model, TOP, MIDDLE, MOST),
        _text(RIGHT + 10, _y(1, TOP, MIDDLE, MOST), "persistence"),
        _text(RIGHT + 10, _y(min(seasonal[-1], MOST), TOP, MIDDLE, MOST), "seasonal mean"),
        _text(RIGHT + 10, _y(model[-1], TOP, MIDDLE, MOST), "forecast"),
        _text(LEFT, MIDDLE + 32, "Share of the truth within the 80 % interval (band: 75 to 85 %)"),
        _band(MIDDLE + 40, BOTTOM),
        *_grid(MIDDLE + 40, BOTTOM, (0, 0.5, 1), 1, ""),
        _line("model", coverage, MIDDLE + 40, BOTTOM, 1),
        *(
            _text(_x(index, len(count)) - 8, BOTTOM + 20, str(minutes))
            for index, minutes in enumerate(result.horizons_min)
        ),
        _text(RIGHT + 10, BOTTOM + 20, "minutes ahead"),
        "</svg>",
    ]
    return "\n".join(parts)


def _band(top: int, bottom: int) -> str:
    y, height = _y(0.85, top, bottom, 1), 0.1 * (bottom - top)
    return (
        f'<rect class="band" x="{LEFT}" y="{y:.0f}" width="{RIGHT - LEFT}" height="{height:.0f}"/>'
    )


def _grid(top: int, bottom: int, values: Sequence[float], most: float, unit: str) -> list[str]:
    found = []
    for value in values:
        y = _y(value, top, bottom, most)
        found.append(f'<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        found.append(_text(LEFT - 35, y + 4, f"{value:g}{unit}"))
    return found


def _line(name: str, values: Sequence[float], top: int, bottom: int, most: float) -> str:
    points = " ".join(
        f"{_x(index, len(values)):.1f},{_y(min(value, most), top, bottom, most):.1f}"
        for index, value in enumerate(values)
        if value == value  # noqa: PLR0124
    )
    return f'<polyline class="{name}" fill="none" points="{points}"/>'


def _x(index: int, count: int) -> float:
    return LEFT + (RIGHT - LEFT) * index / max(1, count - 1)


def _y(value: float, top: int, bottom: int, most: float) -> float:
    return bottom - (bottom - top) * value / most


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'
