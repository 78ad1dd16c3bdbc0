# SPDX-License-Identifier: EUPL-1.2
"""All parsers by name, and the inputs that broke one once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fuzz.parsers import (
    codecs,
    files,
    forms,
    logins,
    opening,
    publishing,
    storage_answers,
    timetables,
    uplinks,
    vehicles,
)
from fuzz.parsers.target import Parser

VECTORS = Path(__file__).parents[1] / "vectors"


def all_parsers() -> dict[str, Parser]:
    """Return every parser of what strangers send."""
    modules = (
        *(uplinks, codecs, storage_answers),
        *(vehicles, timetables),
        *(files, forms, logins, opening, publishing),
    )
    return by_name(parser for module in modules for parser in module.parsers())


def by_name(parsers: Iterable[Parser]) -> dict[str, Parser]:
    """Return parsers by name; raises ValueError where two have one name, of which one would never be fed."""
    found: dict[str, Parser] = {}
    for parser in parsers:
        if parser.name in found:
            raise ValueError(f"there are two parsers {parser.name}")
        found[parser.name] = parser
    return found


def vectors_of(name: str) -> list[Path]:
    """Return the inputs that a parser once broke on."""
    return sorted((VECTORS / name).glob("*"))
