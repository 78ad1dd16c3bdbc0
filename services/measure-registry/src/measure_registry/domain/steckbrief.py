# SPDX-License-Identifier: EUPL-1.2
"""The Projektsteckbrief: what an idea says of itself, and the words a city lets it choose from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where an idea belongs; a name, a position, or both."""

    name: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Steckbrief:
    """The fields of a project's profile; nothing in it tells who submitted it."""

    title: str
    summary: str
    handlungsfeld: str
    further_fields: tuple[str, ...] = ()
    goal: str = ""
    benefit: str = ""
    mehrwerte: tuple[str, ...] = ()
    leitsaetze: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()
    place: Place = Place()
    partners: str = ""
    timeframe: str = ""
    budget: str = ""
    transferable: str = ""
    submitter_kind: str | None = None

    @property
    def details(self) -> dict[str, Any]:
        """All but title, summary and Handlungsfeld, for storage."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in {"title", "summary", "handlungsfeld"}
        }

    def texts(self) -> str:
        """Return the free texts beside title and summary, for search."""
        place = self.place.name or ""
        return f"{self.goal} {self.benefit} {self.partners} {self.transferable} {place}"


@dataclass(frozen=True, slots=True)
class Term:
    """A word to choose, with its names in the city's languages."""

    term: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a city."""

    handlungsfelder: tuple[Term, ...]
    mehrwerte: tuple[Term, ...]
    leitsaetze: tuple[Term, ...]
    target_groups: tuple[Term, ...]
    submitters: tuple[Term, ...]

    def title(self, kind: str, term: str, language: str) -> str:
        """Return a word's name; the word itself where the city has it no more."""
        terms: Sequence[Term] = getattr(self, kind)
        found = next((each for each in terms if each.term == term), None)
        return term if found is None else found.title[language]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field."""

    field: str
    detail: str
    code: str = "unknown_word"


def faults(steckbrief: Steckbrief, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Yield fields whose words the city does not have."""
    chosen: tuple[tuple[str, Sequence[str], str], ...] = (
        ("handlungsfeld", (steckbrief.handlungsfeld,), "handlungsfelder"),
        ("further_fields", steckbrief.further_fields, "handlungsfelder"),
        ("mehrwerte", steckbrief.mehrwerte, "mehrwerte"),
        ("leitsaetze", steckbrief.leitsaetze, "leitsaetze"),
        ("target_groups", steckbrief.target_groups, "target_groups"),
        ("submitter_kind", [each for each in (steckbrief.submitter_kind,) if each], "submitters"),
    )
    for field, words, kind in chosen:
        known = [each.term for each in getattr(vocabulary, kind)]
        unknown = [word for word in words if word not in known]
        if unknown:
            yield Fault(field, f"must be of {', '.join(known)}")
        elif len(set(words)) != len(words):
            yield Fault(field, "names one twice")
    if steckbrief.handlungsfeld in steckbrief.further_fields:
        yield Fault("further_fields", "names the Handlungsfeld again")
    if (steckbrief.place.lat is None) != (steckbrief.place.lon is None):
        yield Fault("place", "lat and lon belong together")


def differences(old: Steckbrief, new: Steckbrief) -> dict[str, dict[str, Any]]:
    """Return the fields that differ, each with the value before and after."""
    before, after = asdict(old), asdict(new)
    return {
        each.name: {"before": before[each.name], "after": after[each.name]}
        for each in fields(Steckbrief)
        if before[each.name] != after[each.name]
    }
