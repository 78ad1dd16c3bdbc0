# SPDX-License-Identifier: EUPL-1.2
"""All parsers by name, and the inputs that broke one once."""

from __future__ import annotations

from pathlib import Path

from fuzz.parsers import files, publishing, uplinks, vehicles
from fuzz.parsers.target import Parser

VECTORS = Path(__file__).parents[1] / "vectors"


def all_parsers() -> dict[str, Parser]:
    """Return every parser of what strangers send."""
    found = [*uplinks.parsers(), *vehicles.parsers(), *files.parsers(), *publishing.parsers()]
    return {parser.name: parser for parser in found}


def vectors_of(name: str) -> list[Path]:
    """Return the inputs that a parser once broke on."""
    return sorted((VECTORS / name).glob("*"))
