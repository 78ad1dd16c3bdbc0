# SPDX-License-Identifier: EUPL-1.2
"""A Steckbrief as it is shown and printed: sections of facts, steps, tables and links, already in words; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tone = Literal["done", "open", "late", "dropped"]


@dataclass(frozen=True, slots=True)
class Words:
    """Text as somebody wrote it, with its lines."""

    text: str
    kind: Literal["words"] = "words"


@dataclass(frozen=True, slots=True)
class Fact:
    """What is said under a name; nothing said is told as such."""

    name: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what is said under them."""

    facts: tuple[Fact, ...]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Step:
    """Something on the way, and whether it is reached."""

    title: str
    status: str
    when: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Steps:
    """A timeline, the earliest first."""

    steps: tuple[Step, ...]
    kind: Literal["steps"] = "steps"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below a header."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Link:
    """Another Steckbrief, at a path of the pages."""

    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Links:
    """What belongs to it."""

    links: tuple[Link, ...]
    kind: Literal["links"] = "links"


Part = Words | Facts | Steps | Table | Links


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A Steckbrief; `path` is its page, `changed_at` when anything of it changed last."""

    kind: str
    name: str
    version: int
    title: str
    tags: tuple[str, ...]
    sections: tuple[Section, ...]
    city_name: str
    language: str
    path: str
    stand: str
    source: str
    changed_at: datetime


def section(title: str, *parts: Part | None) -> tuple[Section, ...]:
    """Return a section, none where nothing would stand in it."""
    there = tuple(each for each in parts if each is not None)
    return (Section(title, there),) if there else ()


def words(text: str | None) -> Words | None:
    """Return a text where there is one."""
    return Words(text) if text else None


def table(caption: str, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Table | None:
    """Return a table where it has rows."""
    return Table(caption, header, rows) if rows else None


def links(found: tuple[Link, ...]) -> Links | None:
    """Return links where there are any."""
    return Links(found) if found else None


def steps(found: tuple[Step, ...]) -> Steps | None:
    """Return a timeline where it has steps."""
    return Steps(found) if found else None
