# SPDX-License-Identifier: EUPL-1.2
"""How the export of another platform is read: which of its columns says what, in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

GERMAN_DAY = "%d.%m.%Y"
NEEDED = ("external_id", "title", "summary", "handlungsfeld")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an idea was read first; `url` leads to it."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ImportProfile:
    """A platform's export; `ignored` columns are read over, since they may name people."""

    profile_id: str
    source: str
    columns: Mapping[str, str]
    ignored: Sequence[str]
    words: Mapping[str, Mapping[str, str]]
    day_format: str
    call_id: str | None = None

    @property
    def required(self) -> list[str]:
        """The columns that must be there, as a file's header is compared."""
        return [self.columns[name].lower() for name in NEEDED]

    @property
    def optional(self) -> list[str]:
        """The columns that may be there."""
        more = [column for name, column in self.columns.items() if name not in NEEDED]
        return [each.lower() for each in (*more, *self.ignored)]

    def strange_words(self, row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield fields whose words the profile does not know, with those that it does."""
        for name, words in self.words.items():
            for each in row.get(self.columns[name].lower(), "").split("|"):
                if each.strip() and each.strip() not in {*words, *words.values()}:
                    yield name, f"must be of {', '.join(words)}"

    def translated(self, row: Mapping[str, str]) -> dict[str, str]:
        """Return a row in the words of the registry's own import; what has no word is left as it is."""
        cells = {
            name: row[column.lower()].strip()
            for name, column in self.columns.items()
            if row.get(column.lower(), "").strip()
        }
        for name, words in self.words.items():
            if name in cells:
                parts = [each.strip() for each in cells[name].split("|")]
                cells[name] = "|".join(words.get(each, each) for each in parts)
        cells = in_own_form(cells, self.day_format)
        if self.call_id is not None:
            cells.setdefault("call_id", self.call_id)
        return cells


def in_own_form(cells: Mapping[str, str], day_format: str = GERMAN_DAY) -> dict[str, str]:
    """Return a row with its day and position as the registry writes them, also where German Excel saved it."""
    own = dict(cells)
    for name in {"lat", "lon"} & own.keys():
        own[name] = own[name].replace(",", ".")
    if "submitted_on" in own:
        own["submitted_on"] = _day(own["submitted_on"], day_format)
    return own


def _day(text: str, written: str) -> str:
    """Return a day as the registry writes it; what is none is left for the check to name."""
    try:
        return datetime.strptime(text, written).date().isoformat()  # noqa: DTZ007 (a day only)
    except ValueError:
        return text
