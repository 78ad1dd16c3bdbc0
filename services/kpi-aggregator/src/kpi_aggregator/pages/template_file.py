# SPDX-License-Identifier: EUPL-1.2
"""The file to fill in: every indicator that is entered, with its periods that have no value yet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from kpi_aggregator.api.visible import visible
from kpi_aggregator.domain.filed import Held, Key
from kpi_aggregator.domain.framework import Indicator, Source
from kpi_aggregator.domain.periods import Period, end_of, name_of, start_of
from kpi_aggregator.pages import figures
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.storage import value_files
from stadttakt_runtime.clock import utc_now

MOST_OPEN = 24
"""Of each indicator, the newest ones."""
HEADERS: dict[Language, tuple[str, ...]] = {
    "de": ("Kennzahl", "Bezeichnung", "Einheit", "Zeitraum", "Wert", "Davon", "Mittel je Gruppe", "Befragte", "Quelle",
           "Stand der Quelle", "Link zum Beleg", "Grund"),
    "en": ("indicator_id", "title", "unit", "period_start", "value", "parts", "means", "group_size",
           "source", "source_date", "evidence", "cause"),
}  # fmt: skip


async def template_of(connection: Any, today: date, language: Language) -> bytes:
    """Return the file: for German Excel with semicolons, in English as the API has it."""
    entered = [
        each
        for each in await visible(connection, sees_all=True)
        if each.source is not Source.FORMULA
    ]
    held = await value_files.held(connection, entered, utc_now())
    written = io.StringIO(newline="")
    rows = csv.writer(written, delimiter=";" if language == "de" else ",")
    rows.writerow(HEADERS[language])
    for each in entered:
        parts, means = (
            "|".join(f"{group}=" for group in groups) for groups in (each.groups, each.mean_groups)
        )
        for start in open_periods(each, held, today):
            said = _start_words(each.period, start, language)
            rows.writerow(
                (
                    each.indicator_id,
                    each.title[language],
                    each.unit,
                    said,
                    "",
                    parts,
                    means,
                    *[""] * 5,
                )
            )
    # Excel reads UTF-8 only where it begins with its mark.
    return written.getvalue().encode("utf-8-sig")


async def open_by_title(
    connection: Any, today: date, language: Language
) -> list[tuple[str, list[str]]]:
    """Return the indicators that are entered and have open periods, with these, newest first."""
    entered = [
        each
        for each in await visible(connection, sees_all=True)
        if each.source is not Source.FORMULA
    ]
    held = await value_files.held(connection, entered, utc_now())
    found = [
        (
            each.title[language],
            [
                _words(each, start, held, language)
                for start in reversed(open_periods(each, held, today))
            ],
        )
        for each in entered
    ]
    return [(title, periods) for title, periods in found if periods]


def open_periods(indicator: Indicator, held: Held, today: date) -> list[date]:
    """Return when the periods began that are over and of which no value is known, the oldest first.

    They are those since the first one with a value; of an indicator without any the newest one.
    """
    known = {
        start
        for (name, period, start) in held
        if name == indicator.indicator_id and period is indicator.period
    }
    done = {start for start in known if not held[_key(indicator, start)].is_open}
    return sorted(set(_over(indicator.period, min(known, default=None), today)) - done)


def _words(indicator: Indicator, start: date, held: Held, language: Language) -> str:
    """Return an open period; of one with a value so far that this is to be confirmed."""
    said = figures.period(name_of(indicator.period, start), language)
    is_so_far = _key(indicator, start) in held
    return f"{said} ({words_in(language)('to_confirm')})" if is_so_far else said


def _key(indicator: Indicator, start: date) -> Key:
    return indicator.indicator_id, indicator.period, start


def _over(length: Period, first: date | None, today: date) -> Iterator[date]:
    start = start_of(length, start_of(length, today) - timedelta(days=1))
    for _ in range(MOST_OPEN):
        yield start
        start = start_of(length, start - timedelta(days=1))
        if first is None or end_of(length, start) <= first:
            return


def _start_words(length: Period, start: date, language: Language) -> str:
    """Return a period so that a spreadsheet leaves it as it is: it takes 2026-10 for a day."""
    if length in {Period.YEAR, Period.QUARTER, Period.WEEK}:
        return name_of(length, start)
    return figures.day(start, "de") if language == "de" else start.isoformat()
