"""One reading of a view for many formulas: sums per day and key, the SQL made of checked parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kpi_aggregator.domain.expression import Column, Expression, Number, Operation
from kpi_aggregator.domain.formula import Aggregation, Formula
from kpi_aggregator.domain.sums import Amount, Row
from kpi_aggregator.storage.sources import SIMULATED, View

AMOUNTS = 4


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
    def statement(self) -> str:
        """Return the SQL; the zone is $1, the borders are $2 and $3.

        Each row is touched once: it is summed by day, key and stretch of the day between any
        hours that matter. The few sums that remain are put together as each cell wants them.
        """
        keys = [f'"{key}"' for key in self.keys]
        borders = sorted({hour for cell in self.cells for hour in cell.hours or ()})
        sums = tuple(dict.fromkeys(cell.sums for cell in self.cells))
        inner = [f"{self.view.day_of(self.time)} as day_", *keys]
        if borders:
            hour = f'extract(hour from "{self.time}" at time zone $1)::int'
            inner.append(f"width_bucket({hour}, array{borders}) as stretch_")
        groups = ", ".join(str(number) for number in range(1, len(inner) + 1))
        mark = f'bool_or("{SIMULATED}")' if SIMULATED in self.view.columns else "false"
        inner.append(f"{mark} as simulated_")
        inner += [
            f"{sql} as sum_{number}"
            for number, sql in enumerate(sql for each in sums for sql in each.columns)
        ]
        outer = ["day_", *(f"{key}::text" for key in keys), "bool_or(simulated_)"]
        outer += [
            f"sum(sum_{AMOUNTS * sums.index(cell.sums) + part}){_within(cell.hours, borders)}"
            for cell in self.cells
            for part in range(AMOUNTS)
        ]
        by = ", ".join(str(number) for number in range(1, len(keys) + 2))
        return (
            f"select {', '.join(outer)} from (select {', '.join(inner)} from {self.view.quoted}"  # noqa: S608 (checked names)
            f' where "{self.time}" >= $2 and "{self.time}" < $3 and $1::text is not null'
            f" group by {groups}) parts_ group by {by}"
        )


def _within(hours: Hours | None, borders: Sequence[int]) -> str:
    """Return the filter for the stretches of a day that lie between two of the borders."""
    if hours is None:
        return ""
    first, last = borders.index(hours[0]) + 1, borders.index(hours[1])
    return f" filter (where stretch_ between {first} and {last})"


def cell_of(view: View, formula: Formula) -> Cell:
    """Return what a formula sums of its view."""
    measure = _sql(view, formula.measure)
    per = None if formula.per is None else _sql(view, formula.per)
    given = [f"{measure} is not null", *([] if per is None else [f"{per} is not null"])]
    counted = f" filter (where {' and '.join(given)})"
    numerator = f"{measure} * {per}" if formula.aggregation is Aggregation.MEAN and per else measure
    return Cell(
        Sums(
            f"sum({numerator}){counted}",
            f"count(*){counted}" if per is None else f"sum({per}){counted}",
            f"count(*){counted}" if formula.known is None else f"sum({_sql(view, formula.known)})",
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


async def run(connection: Any, scan: Scan, first: date, last: date, timezone: str) -> list[Row]:
    """Return a view's sums per day and key, of the city's days from first to last."""
    end = last + timedelta(days=1)
    borders: tuple[date, date] | tuple[datetime, datetime] = (first, end)
    if not scan.view.is_date(scan.time):
        zone = ZoneInfo(timezone)
        borders = (
            datetime.combine(first, time(), tzinfo=zone),
            datetime.combine(end, time(), tzinfo=zone),
        )
    rows = await connection.fetch(scan.statement, timezone, *borders, timeout=3600)
    return list(_rows(rows, len(scan.keys), len(scan.cells)))


def _rows(rows: Iterable[Any], keys: int, cells: int) -> Iterable[Row]:
    begins = [2 + keys + AMOUNTS * cell for cell in range(cells)]
    for row in rows:
        values = tuple(row)
        simulated = bool(values[1 + keys])
        yield (
            values[0],
            values[1 : 1 + keys],
            tuple(_amount(values[at : at + AMOUNTS], simulated=simulated) for at in begins),
        )


def _amount(sums: Sequence[float | None], *, simulated: bool) -> Amount:
    numerator, denominator, known, expected = (float(each or 0) for each in sums)
    return Amount(numerator, denominator, known, expected, simulated)
