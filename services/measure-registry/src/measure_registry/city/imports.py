# SPDX-License-Identifier: EUPL-1.2
"""`registry/imports.yaml`: how exports of other platforms are read; may be absent."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from measure_registry.city.entries import Entry, IdText, Title
from measure_registry.domain.import_profile import NEEDED
from measure_registry.domain.steckbrief import Vocabulary
from stadttakt_runtime.city_files import Located, read_yaml_lists

FILE = "imports.yaml"
FIELDS = frozenset(
    (*NEEDED, "url", "submitted_on", "place_name", "lat", "lon", "further_fields", "mehrwerte",
     "leitsaetze", "target_groups", "goal", "benefit", "partners", "timeframe", "budget",
     "transferable", "submitter_kind")
)  # fmt: skip
VOCABULARY = {
    "handlungsfeld": "handlungsfelder",
    "further_fields": "handlungsfelder",
    "mehrwerte": "mehrwerte",
    "leitsaetze": "leitsaetze",
    "target_groups": "target_groups",
    "submitter_kind": "submitters",
}


class ProfileEntry(Entry):
    """One platform's export."""

    profile_id: IdText
    source: Title
    columns: dict[str, Title]
    ignored: Annotated[tuple[Title, ...], Field(max_length=100)] = ()
    words: Annotated[dict[str, dict[Title, IdText]], Field(default_factory=dict)]
    day_format: Title = "%d.%m.%Y"
    call_id: IdText | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        lacking = [each for each in NEEDED if each not in self.columns]
        if lacking:
            raise ValueError(f"columns: says nothing of {', '.join(lacking)}")
        unknown = sorted(set(self.columns) - FIELDS)
        if unknown:
            raise ValueError(f"columns: there is no field {', '.join(unknown)}")
        names = [each.lower() for each in (*self.columns.values(), *self.ignored)]
        if len(set(names)) != len(names):
            raise ValueError("columns: names one twice")
        day = date(2022, 11, 10)
        if _read(day.strftime(self.day_format), self.day_format) != day:
            raise ValueError("day_format: must tell day, month and year, as %d.%m.%Y")
        return self


def _read(text: str, written: str) -> date | None:
    try:
        return datetime.strptime(text, written).date()  # noqa: DTZ007 (a day only)
    except ValueError:
        return None


def read_profiles(folder: Path, words: Vocabulary, calls: set[str]) -> tuple[ProfileEntry, ...]:
    """Return the profiles of a folder; raises CityError with file and line."""
    file = folder / FILE
    if not file.exists():
        return ()
    found: dict[str, ProfileEntry] = {}
    for located in read_yaml_lists(file, ("profiles",))["profiles"]:
        entry = located.parse(ProfileEntry)
        if entry.profile_id in found:
            raise located.error(f"{entry.profile_id} is given twice", ("profile_id",))
        _check(located, entry, words, calls)
        found[entry.profile_id] = entry
    return tuple(found.values())


def _check(located: Located, entry: ProfileEntry, words: Vocabulary, calls: set[str]) -> None:
    if entry.call_id is not None and entry.call_id not in calls:
        raise located.error(f"there is no call {entry.call_id}", ("call_id",))
    for field, said in entry.words.items():
        kind = VOCABULARY.get(field)
        if kind is None or field not in entry.columns:
            raise located.error(f"{field} has no words of its own", ("words",))
        known = {each.term for each in getattr(words, kind)}
        wrong = sorted(set(said.values()) - known)
        if wrong:
            raise located.error(f"there is no {kind} {', '.join(wrong)}", ("words", field))
