# SPDX-License-Identifier: EUPL-1.2
"""What was fed to parsers as Markdown, for the page that `REPORT` names: a line a parser, the newest of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

COLUMNS = (
    "parser",
    "day",
    "commit",
    "seed",
    "inputs",
    "let through",
    "of CPU, s",
    "corpus",
    "finding",
)
_RULE = "|---|---|---|---:|---:|---:|---:|---:|---|"


def report(rows: Iterable[Sequence[str]], before: str = "") -> str:
    """Return what was fed as Markdown, sorted by parser; lines of a table `before` stay where nothing newer is told."""
    lines = {row[0]: _line(row) for row in rows}
    kept = {name: line for line in before.splitlines() if (name := _name(line)) is not None}
    return "\n".join([_line(COLUMNS), _RULE, *(line for _, line in sorted((kept | lines).items()))])


def parsers_in(page: str) -> set[str]:
    """Return the parsers of which a page has a line, in this table or in an older one."""
    return {name.strip("`") for line in page.splitlines() if (name := _name(line)) is not None}


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"


def _name(line: str) -> str | None:
    """Return whose line of a table it is; a head or a rule is nobody's."""
    if not line.startswith("| ") or line.startswith(f"| {COLUMNS[0]} |"):
        return None
    return line.split("|")[1].strip()
