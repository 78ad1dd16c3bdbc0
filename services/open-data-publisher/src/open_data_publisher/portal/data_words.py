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


def value_words(column: str, value: Any, language: Language) -> Any:
    """Return the words of a value of a column; what is no known key is told as it is."""
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
