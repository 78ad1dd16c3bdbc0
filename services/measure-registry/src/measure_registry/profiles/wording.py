# SPDX-License-Identifier: EUPL-1.2
"""Words of a language for one city: days, numbers, names of terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from measure_registry.domain.idea import Idea
from measure_registry.site.frame import Language, day, tell
from measure_registry.storage.city import City

_SWAP = str.maketrans(",.", ".,")


def number(value: float, language: str) -> str:
    """Return a number with the language's separators, at most two decimals."""
    written = f"{value:,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
    return (written.translate(_SWAP) if language == "de" else written).replace("-", "−")


@dataclass(frozen=True, slots=True)
class Wording:
    """How a city's things are told in a language."""

    city: City
    language: Language

    def tell(self, key: str, **values: Any) -> str:
        """Return a text."""
        return tell(key, self.language, **values)

    def day(self, value: date | datetime | str | None) -> str:
        """Return a day, by the city's clock."""
        return day(value, self.language, self.city.intake.timezone)

    def span(self, begin: str | None, end: str | None) -> str:
        """Return a period of which one end may be open; empty for none."""
        if begin and end:
            return f"{self.day(begin)} – {self.day(end)}"
        if begin:
            return self.tell("span_since", day=self.day(begin))
        return self.tell("span_until", day=self.day(end)) if end else ""

    def number(self, value: float | None) -> str:
        """Return a number, a dash for none."""
        return "–" if value is None else number(value, self.language)

    def state_of(self, idea: Idea) -> str:
        """Return where an idea stands; one that goes on in others says so, its own state says nothing any more."""
        if idea.split_at is not None:
            return self.tell("state_split")
        if idea.merged_into is not None:
            return self.tell("state_merged")
        return self.city.workflow.title(idea.state, self.language)

    def titles(self, kind: str, terms: Sequence[str]) -> tuple[str, ...]:
        """Return the names of words."""
        return tuple(self.city.vocabulary.title(kind, term, self.language) for term in terms)
