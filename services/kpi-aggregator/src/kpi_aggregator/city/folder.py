# SPDX-License-Identifier: EUPL-1.2
"""Reads the whole of `kpi/` and checks what one entry alone cannot tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from kpi_aggregator.city.application_entry import ApplicationEntry
from kpi_aggregator.city.entries import FieldEntry, IndicatorEntry, LeitsatzEntry, MehrwertEntry
from kpi_aggregator.city.formula_entry import FormulaEntry
from kpi_aggregator.city.report_entry import ReportEntry
from kpi_aggregator.domain.framework import Source
from stadttakt_runtime.city_files import Located, read_yaml_lists
from stadttakt_runtime.plugins import CityError

FOLDER = "kpi"
PASSENGER_VIEWS = "transit.v1_line_"
"""Views of exact passengers, of which a day of one section is as good as a count (decision 0049)."""
LISTS = (
    "mehrwerte",
    "handlungsfelder",
    "leitsaetze",
    "indicators",
    "formulas",
    "reports",
    "applications",
)


@dataclass(frozen=True, slots=True)
class LocatedFormula:
    """A formula, and where it stands, for what only the database can tell."""

    entry: FormulaEntry
    located: Located


@dataclass(frozen=True, slots=True)
class LocatedIndicator:
    """An indicator, and where it stands, for what only the database can tell."""

    entry: IndicatorEntry
    located: Located


@dataclass(frozen=True, slots=True)
class FrameworkWords:
    """What indicators name of the strategy beside their Mehrwert."""

    leitsaetze: dict[str, LeitsatzEntry] = field(default_factory=dict)
    fields: dict[str, FieldEntry] = field(default_factory=dict)

    def add(self, leitsaetze: list[Located], fields: list[Located]) -> None:
        """Take the lists of one file; raises CityError where something is given twice."""
        for entry in leitsaetze:
            leitsatz = entry.parse(LeitsatzEntry)
            if self.leitsaetze.setdefault(leitsatz.leitsatz, leitsatz) is not leitsatz:
                raise entry.error(f"{leitsatz.leitsatz} is given twice", ("leitsatz",))
        for entry in fields:
            found = entry.parse(FieldEntry)
            if self.fields.setdefault(found.handlungsfeld, found) is not found:
                raise entry.error(f"{found.handlungsfeld} is given twice", ("handlungsfeld",))

    def check(self, entry: Located, indicator: IndicatorEntry) -> None:
        """Raise CityError where an indicator names what there is not."""
        for position, leitsatz in enumerate(indicator.leitsaetze):
            if leitsatz not in self.leitsaetze:
                raise entry.error(f"there is no Leitsatz {leitsatz}", ("leitsaetze", position))
        for position, named in enumerate(indicator.fields):
            if named not in self.fields:
                raise entry.error(f"there is no Handlungsfeld {named}", ("fields", position))


@dataclass(frozen=True, slots=True)
class KpiFolder:
    """A framework, its parts in the order of the files."""

    mehrwerte: tuple[MehrwertEntry, ...]
    located: tuple[LocatedIndicator, ...]
    formulas: tuple[LocatedFormula, ...]
    reports: tuple[ReportEntry, ...]
    words: FrameworkWords
    applications: tuple[ApplicationEntry, ...] = ()

    @property
    def indicators(self) -> tuple[IndicatorEntry, ...]:
        """Return the indicators without where they stand."""
        return tuple(each.entry for each in self.located)


@dataclass(frozen=True, slots=True)
class City:
    """What `city.yaml` says that this service needs."""

    name: str
    timezone: str


def read_folder(city: Path) -> KpiFolder:
    """Return the framework of a city folder; raises CityError with file and line."""
    folder = city / FOLDER
    mehrwerte: dict[str, MehrwertEntry] = {}
    words = FrameworkWords()
    located: list[Located] = []
    formulas: dict[str, LocatedFormula] = {}
    reports: list[Located] = []
    applications: list[Located] = []
    for file in _files(folder):
        lists = read_yaml_lists(file, LISTS)
        if not any(lists.values()):
            raise CityError(file, f"holds nothing: it must have one of {', '.join(LISTS)}")
        for entry in lists["mehrwerte"]:
            found = entry.parse(MehrwertEntry)
            if found.mehrwert in mehrwerte:
                raise entry.error(f"{found.mehrwert} is given twice", ("mehrwert",))
            mehrwerte[found.mehrwert] = found
        words.add(lists["leitsaetze"], lists["handlungsfelder"])
        located += lists["indicators"]
        reports += lists["reports"]
        applications += lists["applications"]
        _add_formulas(lists["formulas"], formulas)
    if not located:
        raise CityError(folder, "holds no indicators")
    return KpiFolder(
        tuple(mehrwerte.values()),
        _indicators(located, mehrwerte, formulas, words),
        tuple(formulas.values()),
        _reports(reports, mehrwerte),
        words,
        _applications(applications),
    )


def _files(folder: Path) -> list[Path]:
    """Return the files of the framework; raises CityError for one that nobody would read."""
    files = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    for file in files:
        if file.suffix != ".yaml" or not file.is_file():
            raise CityError(file, f"would not be read: {FOLDER}/ holds files *.yaml alone")
    return files


def read_city(city: Path) -> City:
    """Return the city's name and time zone as `city.yaml` says; raises CityError."""
    file = city / "city.yaml"
    if not file.exists():
        return City("", "UTC")
    try:
        about = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise CityError(file, f"not YAML in UTF-8: {error}") from error
    known = about if isinstance(about, dict) else {}
    found = City(str(known.get("name", "")), str(known.get("timezone", "UTC")))
    try:
        ZoneInfo(found.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        wrong = f"timezone: there is no time zone {found.timezone}"
        raise CityError(file, wrong) from error
    return found


def _add_formulas(entries: list[Located], formulas: dict[str, LocatedFormula]) -> None:
    for entry in entries:
        found = entry.parse(FormulaEntry)
        if found.formula in formulas:
            raise entry.error(f"{found.formula} is given twice", ("formula",))
        formulas[found.formula] = LocatedFormula(found, entry)


def _indicators(
    located: list[Located],
    mehrwerte: dict[str, MehrwertEntry],
    formulas: dict[str, LocatedFormula],
    words: FrameworkWords,
) -> tuple[LocatedIndicator, ...]:
    indicators: dict[str, LocatedIndicator] = {}
    for entry in located:
        found = entry.parse(IndicatorEntry)
        if found.indicator_id in indicators:
            raise entry.error(f"{found.indicator_id} is given twice", ("indicator_id",))
        if found.mehrwert not in mehrwerte:
            raise entry.error(f"there is no Mehrwert {found.mehrwert}", ("mehrwert",))
        words.check(entry, found)
        if found.source is Source.FORMULA:
            _check_formula(entry, found, formulas)
        indicators[found.indicator_id] = LocatedIndicator(found, entry)
    return tuple(indicators.values())


def _check_formula(
    entry: Located, indicator: IndicatorEntry, formulas: dict[str, LocatedFormula]
) -> None:
    known = formulas.get(indicator.formula or "")
    if known is None:
        raise entry.error(f"there is no formula {indicator.formula}", ("formula",))
    if known.entry.unit != indicator.unit:
        raise entry.error(f"the formula gives {known.entry.unit}, not {indicator.unit}", ("unit",))
    if indicator.public and _reads_passengers(known.entry) and not indicator.policy.is_coarse:
        raise entry.error(
            f"{known.entry.view} tells single passengers: publication must have fields without parts,"
            " decimals: 0 and least_period: month or longer, or public must be false",
            ("publication",) if indicator.publication else (),
        )


def _reads_passengers(formula: FormulaEntry) -> bool:
    """Tell whether a formula reads exact sums of passengers."""
    views = [formula.view] if formula.among is None else [formula.view, formula.among.view]
    return any(each.startswith(PASSENGER_VIEWS) for each in views)


def _applications(located: list[Located]) -> tuple[ApplicationEntry, ...]:
    found: dict[str, ApplicationEntry] = {}
    for entry in located:
        each = entry.parse(ApplicationEntry)
        if found.setdefault(each.application, each) is not each:
            raise entry.error(f"{each.application} is given twice", ("application",))
    return tuple(found.values())


def _reports(
    located: list[Located], mehrwerte: dict[str, MehrwertEntry]
) -> tuple[ReportEntry, ...]:
    reports: dict[str, ReportEntry] = {}
    for entry in located:
        found = entry.parse(ReportEntry)
        if found.report_id in reports:
            raise entry.error(f"{found.report_id} is given twice", ("report_id",))
        for position, mehrwert in enumerate(found.mehrwerte):
            if mehrwert not in mehrwerte:
                raise entry.error(f"there is no Mehrwert {mehrwert}", ("mehrwerte", position))
        reports[found.report_id] = found
    return tuple(reports.values())
