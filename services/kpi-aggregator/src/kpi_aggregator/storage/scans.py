# SPDX-License-Identifier: EUPL-1.2
"""One reading of a view for many formulas: sums per day and key, the SQL made of checked parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kpi_aggregator.domain.borders import borders
from kpi_aggregator.domain.expression import Column, Expression, Number, Operation
from kpi_aggregator.domain.formula import Aggregation, Formula, Heartbeat
from kpi_aggregator.domain.sums import AMOUNTS, Beats, Keys, Row
from kpi_aggregator.storage.sources import LONGEST_READING_S, SIMULATED, View

Hours = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sums:
    """Four expressions of SQL that are summed; formulas that sum the same share them."""

    numerator: str
    denominator: str
    known: str
    expected: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Return them in the order of an amount."""
        return self.numerator, self.denominator, self.known, self.expected


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums over all hours of a day, or over some."""

    sums: Sums
    hours: Hours | None


@dataclass(frozen=True, slots=True)
class Scan:
    """A view read once: the keys that rows are told apart by, and what is summed."""

    view: View
    time: str
    keys: tuple[str, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, view: View, formulas: Sequence[Formula]) -> Scan:
        """Return the scan that serves formulas of one view and time column."""
        keys = tuple(sorted({key for each in formulas for key in each.keys}))
        cells = tuple(dict.fromkeys(cell_of(view, each) for each in formulas))
        return cls(view, formulas[0].time, keys, cells)

    def position(self, formula: Formula) -> int:
        """Return which cell is a formula's."""
        return self.cells.index(cell_of(self.view, formula))

    @property
    def hours(self) -> set[int]:
        """Return the hours that matter to any cell."""
        return {hour for cell in self.cells for hour in cell.hours or ()}

    @property
    def statement(self) -> str:
        """Return the SQL; borders are $1, with their days $4 and hours $5, of times $2 to before $3.

        Each row is touched once: it is summed by key and the border it lies behind, which is
        found four times faster than the city's day and hour of a time. The few sums that remain
        are put together as each cell wants them.
        """
        kind = self.view.columns[self.time]
        keys = [f'"{key}"' for key in self.keys]
        sums = tuple(dict.fromkeys(cell.sums for cell in self.cells))
        mark = f'bool_or("{SIMULATED}")' if SIMULATED in self.view.columns else "false"
        inner = [f'width_bucket("{self.time}", $1::{kind}[])::bigint as border_', *keys]
        groups = ", ".join(str(number) for number in range(1, len(inner) + 1))
        inner.append(f"{mark} as simulated_")
        inner += [
            f"{sql} as sum_{number}"
            for number, sql in enumerate(sql for each in sums for sql in each.columns)
        ]
        outer = ["day_", "bool_or(simulated_)", *(f"{key}::text" for key in keys)]
        outer += [
            f"coalesce(sum(sum_{AMOUNTS * sums.index(cell.sums) + part}){_within(cell.hours)}, 0)::float8"
            for cell in self.cells
            for part in range(AMOUNTS)
        ]
        by = ", ".join(["1", *(str(number) for number in range(3, len(keys) + 3))])
        return (
            f"select {', '.join(outer)} from (select {', '.join(inner)} from {self.view.quoted}"  # noqa: S608 (checked names)
            f' where "{self.time}" >= $2 and "{self.time}" < $3 group by {groups}) parts_'
            " join unnest($4::date[], $5::int[]) with ordinality as borders_ (day_, hour_, border_)"
            f" using (border_) group by {by}"
        )


def _within(hours: Hours | None) -> str:
    """Return the filter for the borders from one hour to before another."""
    return "" if hours is None else f" filter (where hour_ >= {hours[0]} and hour_ < {hours[1]})"


def cell_of(view: View, formula: Formula) -> Cell:
    """Return what a formula sums of its view."""
    measure = _sql(view, formula.measure)
    per = None if formula.per is None else _sql(view, formula.per)
    # An aggregate passes over what is null: only what it does not sum itself must be asked for.
    both = f" filter (where {measure} is not null)"
    if formula.aggregation is Aggregation.MEAN and per:
        numerator = f"sum({measure} * {per})"
    else:
        numerator = f"sum({measure})" + (f" filter (where {per} is not null)" if per else "")
    counted = f"count({measure})" if per is None else f"count({per}){both}"
    return Cell(
        Sums(
            numerator,
            f"count({measure})" if per is None else f"sum({per}){both}",
            counted if formula.known is None else f"sum({_sql(view, formula.known)})",
            "count(*)" if formula.expected is None else f"sum({_sql(view, formula.expected)})",
        ),
        formula.hours,
    )


def _sql(view: View, expression: Expression) -> str:
    """Return an expression as SQL: doubles, nothing where it would divide by nothing."""
    match expression:
        case Number(value):
            return f"{value!r}::float8"
        case Column(name):
            return _number(name, view.columns[name])
        case Operation(sign, left, right):
            second = _sql(view, right)
            if sign == "/":
                second = f"nullif({second}, 0)"
            return f"({_sql(view, left)} {sign} {second})"


def _number(name: str, kind: str) -> str:
    return f'"{name}"' if kind == "double precision" else f'"{name}"::float8'


async def run(
    connection: Any, scan: Scan, first: date, last: date, timezone: str
) -> dict[Keys, list[Row]]:
    """Return a view's sums per key and day, of the city's days from first to last."""
    end = last + timedelta(days=1)
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    if scan.view.is_date(scan.time):
        given: list[Any] = [days, first, end, days, [0] * len(days)]
    else:
        zone = ZoneInfo(timezone)
        found = borders(first, last, scan.hours, zone)
        begins, of_days, hours = (list(each) for each in zip(*found, strict=True))
        given = [begins, begins[0], datetime.combine(end, time(), tzinfo=zone), of_days, hours]
    rows: defaultdict[Keys, list[Row]] = defaultdict(list)
    sums_at = 2 + len(scan.keys)
    for row in await connection.fetch(scan.statement, *given, timeout=LONGEST_READING_S):
        rows[row[2:sums_at]].append((row[0], row[1], row[sums_at:]))
    return rows


async def beats(
    connection: Any, view: View, heartbeat: Heartbeat, first: date, last: date, timezone: str
) -> Beats:
    """Return how much was counted of each of the city's days from first to last, of how much."""
    begin, end = view.begins(heartbeat.time, 2), view.begins(heartbeat.time, 3)
    rows = await connection.fetch(
        f"select {view.day_of(heartbeat.time)}, sum({_sql(view, heartbeat.known)}),"  # noqa: S608 (checked names)
        f" sum({_sql(view, heartbeat.expected)}) from {view.quoted}"
        f' where $1::text is not null and "{heartbeat.time}" >= {begin}'
        f' and "{heartbeat.time}" < {end}'
        f" group by 1 having sum({_sql(view, heartbeat.expected)}) > 0",
        *(timezone, first, last + timedelta(days=1)),
        timeout=LONGEST_READING_S,
    )
    return {row[0]: (row[1] or 0.0, row[2]) for row in rows}
