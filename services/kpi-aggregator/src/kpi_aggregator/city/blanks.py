# SPDX-License-Identifier: EUPL-1.2
"""What a city has yet to settle before its framework may go into production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kpi_aggregator.city.folder import FOLDER, LISTS
from stadttakt_runtime.city_files import Faults, Located, read_yaml_lists
from stadttakt_runtime.plugins import CityError

UNNAMED = "zu benennen"
"""What stands where nobody was named yet."""


def refuse_blanks(city: Path) -> None:
    """Raise CityError with every aim that was made up for demonstration and everybody yet to be named."""
    faults = Faults()
    for file in sorted((city / FOLDER).glob("*.yaml")):
        for entries in read_yaml_lists(file, LISTS).values():
            for entry in entries:
                faults.found += _blanks(entry)
    faults.tell()


def _blanks(entry: Located) -> Iterator[CityError]:
    for name in ("baseline", "target"):
        aim = entry.fields.get(name)
        if isinstance(aim, dict) and aim.get("demo"):
            message = f"{name} was made up for demonstration (demo: true)"
            yield entry.error(message, (name,))
    for name, text in entry.fields.items():
        if isinstance(text, str) and UNNAMED in text.casefold():
            yield entry.error(f"{name}: the city has yet to name somebody", (name,))
