# SPDX-License-Identifier: EUPL-1.2
"""What people call the columns, the view and the parts of a formula, as its city says; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Text = Mapping[str, str]


class PartNames(NamedTuple):
    """A view in which parts have names: its column of the part, and that of the name."""

    view: str
    part: str
    name: str


@dataclass(frozen=True, slots=True)
class Naming:
    """Words for what a formula reads; what has none is called as the view calls it."""

    says: Text | None = None
    view: Text | None = None
    terms: Mapping[str, Text] = field(default_factory=dict)
    values: Mapping[str, Text] = field(default_factory=dict)
    part_names: PartNames | None = None

    def term(self, column: str, language: str) -> str:
        """Return what a column is called."""
        return self.terms.get(column, {}).get(language, column)

    def value(self, text: str, language: str) -> str:
        """Return what a value of a column is called, such as a part."""
        return self.values.get(text, {}).get(language, text)


UNNAMED = Naming()


def naming_of(given: Mapping[str, Any] | None) -> Naming:
    """Return the words of a formula from its definition."""
    if given is None:
        return UNNAMED
    names = given.get("part_names")
    return Naming(
        given.get("says"),
        given.get("view"),
        given.get("terms") or {},
        given.get("values") or {},
        None if names is None else PartNames(**names),
    )
