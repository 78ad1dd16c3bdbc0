# SPDX-License-Identifier: EUPL-1.2
"""What people read on a dataset's page instead of the keys that stand in its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from open_data_publisher.domain.columns import Column
from open_data_publisher.domain.portal import Language
from open_data_publisher.portal.words import TEXTS

_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {"kind": "parking.kind", "reifegrad": "measures.maturity"}
)
"""Columns whose values other pages name too."""
KINDS_OF_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "handlungsfeld": "handlungsfelder",
        "handlungsfelder": "handlungsfelder",
        "mehrwert": "mehrwerte",
    }
)
"""Columns of the city's own terms, one or several with commas between, and their kind."""
Terms = Mapping[str, Mapping[str, str]]


def value_words(
    column: str, value: Any, language: Language, terms: Terms = MappingProxyType({})
) -> Any:
    """Return the words of a value of a column; what is no known key is told as it is.

    `terms` are the city's own words by their kind, see `KINDS_OF_TERMS`.
    """
    if column in KINDS_OF_TERMS and isinstance(value, str):
        names = terms.get(KINDS_OF_TERMS[column], {})
        return ", ".join(names.get(key, key) for key in value.split(", "))
    for prefix in (_ELSEWHERE.get(column, f"datasets.value_{column}"), f"measures.{column}"):
        words = TEXTS.get(f"{prefix}_{value}")
        if words is not None:
            return words[language]
    return value


def heading(column: Column, language: Language) -> str:
    """Return a column's description as far as a heading needs it: up to its first remark."""
    said = column.de if language == "de" else column.en
    short = re.split(r"[:;]", said, maxsplit=1)[0]
    return short[:1].upper() + short[1:]
