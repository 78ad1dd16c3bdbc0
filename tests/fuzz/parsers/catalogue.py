# SPDX-License-Identifier: EUPL-1.2
"""All parsers by name, and the inputs that broke one once."""

from __future__ import annotations

from pathlib import Path

from fuzz.parsers import (
    codecs,
    files,
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
        *(files, opening, publishing),
    )
    return {parser.name: parser for module in modules for parser in module.parsers()}


def vectors_of(name: str) -> list[Path]:
    """Return the inputs that a parser once broke on."""
    return sorted((VECTORS / name).glob("*"))
