"""Reads the whole of `kpi/` and checks what one entry alone cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kpi_aggregator.city.entries import IndicatorEntry, MehrwertEntry
from stadttakt_runtime.city_files import Located, read_yaml_lists
from stadttakt_runtime.plugins import CityError

FOLDER = "kpi"


@dataclass(frozen=True, slots=True)
class KpiFolder:
    """A framework, its parts in the order of the files."""

    mehrwerte: tuple[MehrwertEntry, ...]
    indicators: tuple[IndicatorEntry, ...]


def read_folder(city: Path) -> KpiFolder:
    """Return the framework of a city folder; raises CityError with file and line."""
    folder = city / FOLDER
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise CityError(folder, "holds no *.yaml")
    mehrwerte: dict[str, MehrwertEntry] = {}
    located: list[Located] = []
    for file in files:
        lists = read_yaml_lists(file, ("mehrwerte", "indicators"))
        for entry in lists["mehrwerte"]:
            found = entry.parse(MehrwertEntry)
            if found.mehrwert in mehrwerte:
                raise entry.error(f"{found.mehrwert} is given twice", ("mehrwert",))
            mehrwerte[found.mehrwert] = found
        located += lists["indicators"]
    return KpiFolder(tuple(mehrwerte.values()), _indicators(located, mehrwerte))


def _indicators(
    located: list[Located], mehrwerte: dict[str, MehrwertEntry]
) -> tuple[IndicatorEntry, ...]:
    indicators: dict[str, IndicatorEntry] = {}
    for entry in located:
        found = entry.parse(IndicatorEntry)
        if found.indicator_id in indicators:
            raise entry.error(f"{found.indicator_id} is given twice", ("indicator_id",))
        if found.mehrwert not in mehrwerte:
            raise entry.error(f"there is no Mehrwert {found.mehrwert}", ("mehrwert",))
        indicators[found.indicator_id] = found
    return tuple(indicators.values())
