# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt parking effect`: what two periods of lots have in common, and what not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

import typer

from parking_occupancy.api.effect import LONGEST, Effect, Measure, compared
from parking_occupancy.domain.effect import Insufficient, MatchedBy
from parking_occupancy.storage import stay_days
from stadttakt_runtime.commands.database import with_database
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    fail,
    one_line,
    out,
    print_json,
    print_table,
)
from stadttakt_runtime.database import Database

COLUMNS = ("lot", "measure", "before", "after", "difference", "nine in ten", "days", "alike by")
WHY = {
    Insufficient.NO_LIKE_DAYS: "no like days",
    Insufficient.FEW_DAYS: "too few days",
    Insufficient.FEW_LIKE_DAYS: "too few like days",
}
ALIKE = {MatchedBy.WEEKDAY: "weekday", MatchedBy.DAY_TYPE: "type of day"}
Period = tuple[date, date]


def effect_command(
    lots: Annotated[list[str], typer.Argument(metavar="LOT…", help="lots of lots.yaml")],
    before: Annotated[
        str,
        typer.Option(metavar="FROM/TO", help="days, such as 2026-03-02/2026-03-30; TO is not one"),
    ],
    after: Annotated[str, typer.Option(metavar="FROM/TO", help="days after the measure, likewise")],
    database_url: DatabaseUrl,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare two periods of lots, like days with like, as docs/parking-effect.md says."""
    with one_line(ValueError):
        first, second = _period("--before", before), _period("--after", after)
        if second[0] < first[1]:
            raise ValueError("--after must not begin before --before ends")

    async def work(database: Database) -> list[Effect]:
        async with database.connection() as connection:
            unknown = set(lots) - await stay_days.known_lots(connection, lots)
            if unknown:
                raise fail(f"there is no lot {min(unknown)}")
            return [await compared(connection, lot, first, second) for lot in dict.fromkeys(lots)]

    found = with_database(database_url, "parking", work)
    if as_json:
        print_json([effect.model_dump(mode="json") for effect in found])
    else:
        _print(found)


def _period(option: str, text: str) -> Period:
    begin, _, end = text.partition("/")
    try:
        period = date.fromisoformat(begin), date.fromisoformat(end)
    except ValueError as error:
        raise ValueError(
            f"{option} {text}: expected FROM/TO, such as 2026-03-02/2026-03-30"
        ) from error
    if not 0 < (period[1] - period[0]).days <= LONGEST.days:
        raise ValueError(
            f"{option} {text}: FROM must lie before TO, by at most {LONGEST.days} days"
        )
    return period


def _print(found: Sequence[Effect]) -> None:
    print_table(COLUMNS, [row for effect in found for row in _rows(effect)])
    out.print()
    for effect in found:
        counts = [
            f"{period.days} of {period.days + period.left_out} days {name}"
            for name, period in (("before", effect.before), ("after", effect.after))
        ]
        told = f"{effect.lot_id}: {', '.join(counts)} are known well enough"
        out.print(f"{told}; simulated" if effect.simulated else told, markup=False)
    out.print(found[0].warning.en, markup=False)


def _rows(effect: Effect) -> Iterator[tuple[str, ...]]:
    if not effect.measures:
        yield effect.lot_id, "nothing that both periods have", *("" for _ in COLUMNS[2:])
    for measure in effect.measures:
        yield (
            effect.lot_id,
            measure.measure,
            _number(measure.before),
            _number(measure.after),
            _number(measure.difference, sign="+"),
            _interval(measure),
            f"{measure.days_before}, {measure.days_after}",
            ALIKE[measure.matched_by],
        )


def _interval(measure: Measure) -> str:
    if measure.insufficient is not None:
        return WHY[measure.insufficient]
    return f"{_number(measure.low, sign='+')} to {_number(measure.high, sign='+')}"


def _number(value: float | None, *, sign: str = "") -> str:
    return (
        "-" if value is None else format(value, f"{sign}.3g" if abs(value) < 100 else f"{sign},.0f")
    )
