# SPDX-License-Identifier: EUPL-1.2
"""Which charts a scenario's page has: each is drawn from the figures of its tables, so that both say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from support.chart import Chart, Row

_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
_RANGE = re.compile(r"\(([\d,.]+) to ([\d,.]+)\)")
_PER_S = re.compile(r"([\d,.]+) uplinks/s")
_RATE = re.compile(f"at {_PER_S.pattern}")
_MEASURED, _BY_MODEL = 1, 2
"""Columns of the cores that were used, and that the model says."""
COUNTED = ("uplinks stored", "counts sent", "counts stored", "polls", "polls failed")
"""Columns of the memory by the minute that are none of a part's, beside the minute; so far, each."""


class Sheet(NamedTuple):
    """A table as it stands on a page."""

    title: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def has(self, *names: str) -> bool:
        """Whether it has these columns."""
        return set(names) <= set(self.names)

    def column(self, name: str) -> list[str]:
        """Return the cells of a column."""
        index = list(self.names).index(name)
        return [row[index] for row in self.rows]


class Placed(NamedTuple):
    """A chart, the file that it is in, without its ending, and the table that it stands under; or under all."""

    file: str
    chart: Chart
    below: int | None


class Bars(NamedTuple):
    """A chart of each table that has these columns: a bar of each of some of them for what its first one names."""

    title: str
    unit: str
    columns: Sequence[str]
    rows: tuple[str, ...] = ("",)
    """What rows begin with that are drawn; all are where nothing is said."""


def charts_of(scenario: str, sheets: Sequence[Sheet]) -> list[Placed]:
    """Return the charts of a scenario's tables in the order of these, none without a value."""
    drawn = _DRAWN.get("growth" if scenario.startswith("growth-") else scenario, _bars)
    return [each for each in drawn(scenario, sheets) if not each.chart.is_empty]


def _bars(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    """Yield the simple charts of a scenario, numbered where there are several."""
    wanted = BARS.get(name, ())
    for number, bars in enumerate(wanted, start=1):
        for below, sheet in enumerate(sheets):
            if sheet.has(*bars.columns):
                rows = [row for row in _rows(sheet, bars.columns) if row.name.startswith(bars.rows)]
                legend = bars.columns if len(bars.columns) > 1 else ()
                file = f"{name}-{number}" if len(wanted) > 1 else name
                yield Placed(file, Chart(bars.title, bars.unit, rows, legend), below)


def _signs(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    shares = ("median", "p95", "p99", "worst")
    for below, sheet in enumerate(sheets):
        if sheet.has(*shares) and sheet.rows:
            rows = [Row(share, [_number(sheet.column(share)[0])]) for share in shares]
            yield Placed(
                name, Chart("From a published uplink to the changed sign", "ms", rows), below
            )


def _latency(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    """Yield a chart a place: how late a change shows there, by rate."""
    shares = ("median", "p95", "p99")
    places: dict[str, list[Row]] = {}
    for sheet in sheets:
        rate = _RATE.search(sheet.title)
        if rate and sheet.has("publish to", *shares):
            shown = zip(*(sheet.column(share) for share in shares), strict=True)
            for place, cells in zip(sheet.column("publish to"), shown, strict=True):
                values = [_number(cell) for cell in cells]
                if any(value is not None for value in values):
                    places.setdefault(place, []).append(Row(f"{rate[1]}/s", values))
    for place, rows in places.items():
        legend = ("median", "p95", "p99, from 100 changes on")
        chart = Chart(f"From publish to {place}, by uplinks a second", "ms", rows, legend)
        yield Placed(f"{name}-{place.replace(' ', '-')}", chart, None)


def _chain(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        head, _, parts = sheet.caption.partition(": ")
        if head.startswith("CPU µs"):
            told = re.findall(r"([\w -]+?) ([\d.,]*\d)", parts)
            rows = [Row(part.strip(), [_number(used)]) for part, used in told]
            yield Placed(name, Chart("CPU that an uplink costs each part", "µs", rows), below)


def _polling(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    shares = ("median, ms", "p95", "p99")
    for below, sheet in enumerate(sheets):
        if sheet.has("asked for", *shares):
            rate = _PER_S.search(sheet.title)
            of_rate = f" at {rate[1]} uplinks/s" if rate else ""
            title, legend = (
                f"From when a request was due to its answer{of_rate}",
                ("median", "p95", "p99"),
            )
            file = f"{name}-{rate[1]}" if rate else name
            yield Placed(file, Chart(title, "ms", _rows(sheet, shares), legend), below)


def _throughput(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if sheet.has("min", "median", "max"):
            rows = [
                Row(what.removesuffix("/s").removesuffix(", messages"), [median], (low, high))
                for what, *cells in sheet.rows
                for low, median, high in [[_number(cell) or 0.0 for cell in cells]]
                if what.endswith("/s")
            ]
            yield Placed(
                name, Chart("One decoder beside a bare receive loop", "messages/s", rows), below
            )


def _growth(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if sheet.has("uplinks/s"):
            rows = [row for row in _rows(sheet, ["uplinks/s"]) if row.values[0] is not None]
            title = f"Uplinks stored, by number of {sheet.names[0]}"
            yield Placed(name, Chart(title, "uplinks/s", rows), below)


def _peers(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if sheet.has("who", "rows/s"):
            rows = [
                row._replace(is_other=not row.name.startswith("Stadttakt"))
                for row in _rows(sheet, ["rows/s"])
            ]
            legend = ("Stadttakt", "others")
            yield Placed(name, Chart("Uplinks to committed rows", "rows/s", rows, legend), below)


def _sizing(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if (rate := _RATE.search(sheet.title)) and sheet.has("cores", "by the model"):
            rows = [
                Row(row[0], [_number(row[_MEASURED]), _number(row[_BY_MODEL])])
                for row in sheet.rows
            ]
            chart = Chart(f"What {sheet.title} take", "cores", rows, ("measured", "by the model"))
            yield Placed(f"{name}-{rate[1].replace(',', '')}", chart, below)


def _soak(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if sheet.has("minute", "uplinks stored"):
            for part in (name for name in sheet.names if name not in {"minute", *COUNTED}):
                spoken = part.replace("_", " ").replace("kpi", "KPI")
                title = f"Memory by the minute: {spoken}"
                chart = Chart(title, "MB", _rows(sheet, [part]), course="minute")
                yield Placed(f"{name}-{part.replace('_', '-')}", chart, below)


def _indicators(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if sheet.has("took", "CPU", "of the database"):
            columns = ("took", "CPU", "of the database")
            legend = ("by the clock", "CPU of the service", "CPU of the database")
            chart = Chart("Indicators computed", "s", _rows(sheet, columns), legend)
            yield Placed(name, chart, below)


def _registry(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if sheet.has("list", "median", "p95"):
            rows = _rows(sheet, ("median", "p95"))
            chart = Chart(sheet.title, "ms", rows, ("median", "p95"))
            yield Placed(name, chart, below)


def _feeds(name: str, sheets: Sequence[Sheet]) -> Iterator[Placed]:
    for below, sheet in enumerate(sheets):
        if sheet.has("feed", "all written"):
            columns = ("all written", "100 bays written", "compressed")
            rows = _rows(sheet, columns)
            yield Placed(name, Chart("Processor time of a feed", "ms", rows, columns), below)


def _rows(sheet: Sheet, columns: Iterable[str]) -> list[Row]:
    """Return what the first column names with the figures of these columns."""
    cells = zip(*(sheet.column(name) for name in columns), strict=True)
    return [
        Row(row[0], [_number(cell) for cell in shown], _spread(shown[0]))
        for row, shown in zip(sheet.rows, cells, strict=True)
    ]


def _number(cell: str) -> float | None:
    """Return the figure that a cell begins with."""
    found = _NUMBER.match(cell)
    return float(found[0].replace(",", "")) if found else None


def _spread(cell: str) -> tuple[float, float] | None:
    """Return the lowest and highest of a cell that tells them behind its median."""
    found = _RANGE.search(cell)
    return (float(found[1].replace(",", "")), float(found[2].replace(",", ""))) if found else None


BARS: Mapping[str, Sequence[Bars]] = {
    "scripts": (
        Bars("Uplinks of payload formatters stored, by kind", "uplinks/s", ["uplinks/s"]),
        Bars("From uplink to observation, by bad uplinks a second", "ms", ["median", "p99"]),
    ),
    "replays": (Bars("Stored uplinks replayed", "uplinks/s", ["uplinks/s"]),),
    "parking": (
        Bars(
            "Bay events through parking", "events/s", ["median"], rows=("events/s", "bare loop/s")
        ),
        Bars("Take-over by a standby", "s", ["median", "highest"], rows=("take-over",)),
        Bars("A month of history", "ms", ["median", "p95", "worst"], rows=("a month",)),
    ),
    "vehicles": (Bars("Counts at doors, by round", "messages/s", ["messages/s", "bare loop/s"]),),
    "feed-serving": (Bars("Requests for feeds while they change", "requests/s", ["requests/s"]),),
    "datasets": (Bars("A year of lots served", "s", ["seconds", "CPU, s"]),),
    "departures": (Bars("Departures learned and forecast", "s", ["took"], rows=("all trips",)),),
    "ideas": (Bars("Ideas asked for", "ms", ["median", "p95"]),),
    "gtfs": (Bars("Timetables imported", "s", ["s"]),),
}
_DRAWN: Mapping[str, Callable[[str, Sequence[Sheet]], Iterator[Placed]]] = {
    "signs": _signs,
    "latency": _latency,
    "chain": _chain,
    "polling": _polling,
    "throughput": _throughput,
    "growth": _growth,
    "peers": _peers,
    "sizing": _sizing,
    "soak": _soak,
    "indicators": _indicators,
    "registry": _registry,
    "feeds": _feeds,
}
