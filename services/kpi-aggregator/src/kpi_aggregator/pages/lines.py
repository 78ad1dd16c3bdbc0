# SPDX-License-Identifier: EUPL-1.2
"""Lines of a file of values in words: what they would do, and what is wrong, in the form's own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from kpi_aggregator.api.filing import Trial
from kpi_aggregator.csv_values import Line
from kpi_aggregator.domain.filed import Act, Known, key_of
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import Period, name_of
from kpi_aggregator.pages import figures
from kpi_aggregator.pages.texts import TEXTS, Language, words_in
from kpi_aggregator.storage.value_files import ValueFile
from stadttakt_runtime.csv_import import LineError

MOST_SHOWN = 1000
FIELDS = {
    "indicator_id": "entry_indicator",
    "period": "file_length",
    "period_start": "entry_period",
    "value": "entry_value",
    "source": "entry_source",
    "source_date": "entry_source_date",
    "author_role": "entry_role",
    "cause": "entry_cause",
    "group_size": "entry_group_size",
    "parts": "entry_parts",
    "means": "entry_means",
    "evidence": "entry_evidence",
}


class Row(NamedTuple):
    """A line as a table shows it."""

    number: int
    title: str = ""
    period: str = ""
    value: str = ""
    before: str = ""
    act: str = ""
    faults: Sequence[str] = ()


def rows_of(trial: Trial, language: Language) -> list[Row]:
    """Return the lines of a file that is tried, each with what is wrong with it."""
    wrong: dict[int, list[str]] = {}
    for error in trial.tried.errors:
        wrong.setdefault(error.line, []).append(fault_words(error, language))
    found = {
        line.number: _row(line, trial, wrong.get(line.number, ()), language)
        for line in trial.tried.lines
    }
    broken = {number: Row(number, faults=faults) for number, faults in wrong.items()}
    return [row for _, row in sorted((broken | found).items())]


def _row(line: Line, trial: Trial, faults: Sequence[str], language: Language) -> Row:
    tell, said = words_in(language), line.proposal
    act = tell(f"file_act_{line.act}") if not faults else ""
    if said is None:
        return Row(line.number, act=act, faults=faults)
    indicator = trial.known[said.indicator_id]
    known = trial.held.get(key_of(said), Known())
    if act and trial.is_so_far(line):
        act = tell("file_so_far", act=act)
    return Row(
        line.number,
        indicator.title[language],
        period_words(said.period, said.period_start, language),
        f"{amount(said.value, language)} {indicator.unit}",
        f"{amount(known.holds.value, language)} {known.unit}"
        if known.holds and line.act is Act.CORRECTS
        else "",
        act,
        faults,
    )


def amount(value: float, language: Language) -> str:
    """Return a value as it was entered, with all its decimals."""
    if value == int(value):
        return figures.number(value, language, whole=True)
    whole, _, decimals = f"{value:,.6f}".rstrip("0").partition(".")
    return f"{whole}.{decimals}" if language == "en" else f"{whole.replace(',', '.')},{decimals}"


def by_group(
    told: Mapping[str, Any] | None,
    indicator: Indicator | None,
    language: Language,
) -> dict[str, Any]:
    """Return what is told of groups by their titles, in the order of the framework; former ones last."""
    if indicator is None:
        return dict(told or {})
    found = indicator.by_group(told) or {}
    return {indicator.group_title(each, language): said for each, said in found.items()}


def bound_words(of: str, language: Language) -> str:
    """Return what a fault names: a bound (`≥ 0.5`) as the page writes numbers, everything else as it is."""
    sign, _, number = of.partition(" ")
    return f"{sign} {amount(float(number), language)}" if sign in {"≤", "≥"} and number else of


def period_words(period: Period, start: date, language: Language) -> str:
    """Return a period as people write it."""
    return figures.period(name_of(period, start), language)


def fault_words(error: LineError, language: Language) -> str:
    """Return what is wrong with a line; the field by its name in the form."""
    tell = words_in(language)
    field = FIELDS.get(error.column)
    if error.code == "missing" and error.of == "column" and field is not None:
        return tell("file_error_column", name=tell(field))
    keys: Sequence[str] = (
        f"file_error_{error.code}_{error.column}",
        f"file_error_{error.code}",
        f"entry_error_{error.code}_{error.column}",
        f"entry_error_{error.code}",
    )
    key = next((each for each in keys if each in TEXTS), None)
    said = error.detail if key is None else tell(key, of=_of(error, language), column=error.column)
    return said if field is None else f"{tell(field)}: {said}"


def _of(error: LineError, language: Language) -> str:
    """Return what an error names; of a cell that cannot be read it is what stands there."""
    return bound_words(error.of, language) if error.code == "out_of_range" else error.of


def conflict_words(members: dict[str, Any], code: str, detail: str, language: Language) -> str:
    """Return why a decision was refused, with the line of the file that stopped it."""
    tell = words_in(language)
    code, field, of = members.get("why", code), members.get("field", ""), members.get("of", "")
    keys = (f"entry_error_{code}_{field}", f"entry_error_{code}")
    key = next((each for each in keys if each in TEXTS), None)
    said = detail if key is None else tell(key, of=bound_words(of, language))
    if field in FIELDS:
        said = f"{tell(FIELDS[field])}: {said}."
    line = members.get("line")
    return said if line is None else tell("file_refused_line", line=line, why=said)


def counts_words(found: ValueFile, language: Language) -> str:
    """Return how many lines of a file became what."""
    return words_in(language)(
        "file_counts",
        lines=found.lines,
        pending=found.pending,
        approved=found.approved,
        rejected=found.lines - found.pending - found.approved,
    )
