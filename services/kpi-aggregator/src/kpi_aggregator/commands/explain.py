# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt kpi explain`: how a period's number comes about, and why it changed."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_aggregator.api.explanation import ExplanationView, explained
from kpi_aggregator.api.visible import horizon_of
from kpi_aggregator.domain.periods import read_period
from kpi_aggregator.storage import framework
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

MOST_SHOWN = 40


def explain_command(
    indicator: Annotated[str, typer.Argument(help="its id")],
    period: Annotated[str, typer.Argument(help="2026, 2026-Q4, 2026-11, 2026-W48, 2026-11-26")],
    database_url: DatabaseUrl,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell formula, numerator, denominator, completeness and causes of a period's value."""
    with one_line(ValueError):
        length, start = read_period(period)

    async def work(database: Database) -> ExplanationView:
        async with database.connection() as connection:
            found = await framework.indicator(connection, indicator)
            if found is None:
                raise fail(f"there is no indicator {indicator}")
            horizon = await horizon_of(connection, sees_all=True)
            return await explained(connection, found, (length, start), horizon)

    view = with_database(database_url, "kpi", work)
    if as_json:
        print_json(view.model_dump(mode="json"))
    else:
        _print(view, period)


def _print(view: ExplanationView, period: str) -> None:
    out.print(f"{view.indicator.title['de']}, {period}", markup=False)
    out.print(view.indicator.method, markup=False)
    if view.formula is not None:
        out.print(f"Formel {view.formula.version}: {view.formula.technical['de']}", markup=False)
    _print_value(view)
    out.print()
    print_table(
        ("wann", "Wert", "warum", "Tage"),
        [
            (
                f"{cause.at:%Y-%m-%d %H:%M}",
                "-" if cause.value is None else f"{cause.value:.6g}",
                cause.de if cause.reason is None else f"{cause.de}: {cause.reason.de}",
                ", ".join(day.isoformat() for day in cause.days),
            )
            for cause in view.causes
        ],
    )
    if view.parts:
        out.print()
        print_table(
            (view.by or "", view.indicator.unit, "Vollständigkeit"),
            [
                (
                    part.title["de"],
                    "-" if part.value is None else f"{part.value:.6g}",
                    f"{part.completeness * 100:.0f} %",
                )
                for part in view.parts[:MOST_SHOWN]
            ],
        )


def _print_value(view: ExplanationView) -> None:
    value = view.value
    if value is None:
        out.print("kein Wert")
    elif value.value is None:
        out.print(f"kein Wert: {value.reason.de if value.reason else ''}", markup=False)
    else:
        out.print(f"{value.value:.6g} {view.indicator.unit}", markup=False)
    if value is not None and value.note is not None:
        quotient = f"{value.numerator:.6g} / {value.denominator:.6g}"
        out.print(f"{quotient}; {value.note['de']}", markup=False)
