# SPDX-License-Identifier: EUPL-1.2
"""Which lines a dataset's page draws, of which rows; their geometry is the portal's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any

from open_data_publisher.domain.policy import Chart as Wanted
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.portal.charts import LARGE, Chart, Point, chart

MOST_LINES = 4
LONGEST_STEP = 3
"""So many times the usual distance of two values is a gap."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, the ends of its time, and how many lines it leaves out."""

    chart: Chart
    begin: datetime
    end: datetime
    left_out: int


def draw(dataset: Dataset, rows: Iterable[Mapping[str, Any]], zone: str) -> Drawing | None:
    """Return a drawing of rows, nothing where there are fewer than two times or no values."""
    if dataset.chart is None or dataset.source.time is None:
        return None
    telling = (row for row in rows if _tells(row, dataset.source.told_by))
    series = _series(dataset.chart, dataset.source.time, telling)
    times = sorted({at for values in series.values() for at in values})
    if len(times) < 2:
        return None
    shown = sorted(series, key=lambda name: (-_mean(series[name].values()), name))[:MOST_LINES]
    gap = LONGEST_STEP * min(later - at for at, later in pairwise(times))
    lines = {name: _points(sorted(series[name].items()), gap) for name in sorted(shown)}
    return Drawing(
        chart(lines, zone, frame=LARGE),
        _moment(times[0]),
        _moment(times[-1]),
        len(series) - len(shown),
    )


def _tells(row: Mapping[str, Any], told_by: str | None) -> bool:
    return told_by is None or row.get(told_by, told_by) is not None


def _points(values: Sequence[tuple[float, float]], gap_s: float) -> list[Point]:
    """Return points, with one of no value where there is a gap."""
    points: list[Point] = []
    before = values[0][0]
    for at, value in values:
        if at - before > gap_s:
            points.append(Point(_moment(before + gap_s), None))
        points.append(Point(_moment(at), value))
        before = at
    return points


def _series(
    wanted: Wanted, time_column: str, rows: Iterable[Mapping[str, Any]]
) -> dict[str, dict[float, float]]:
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if any(row[name] != value for name, value in wanted.only):
            continue
        value = 1.0 if wanted.value is None else row[wanted.value]
        if value is None:
            continue
        name = (
            "" if wanted.by is None else str(row[wanted.by] if row[wanted.by] is not None else "–")
        )
        found[name][_seconds(row[time_column], by_hour=wanted.value is None)].append(float(value))
    adds_up = wanted.adds_up or wanted.value is None
    return {
        name: {at: sum(values) if adds_up else _mean(values) for at, values in points.items()}
        for name, points in found.items()
    }


def _seconds(value: date, *, by_hour: bool) -> float:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC).timestamp()
    whole = value.replace(minute=0, second=0, microsecond=0) if by_hour else value
    return whole.timestamp()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)
