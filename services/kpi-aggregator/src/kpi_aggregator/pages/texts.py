# SPDX-License-Identifier: EUPL-1.2
"""The pages' words in both languages, from `texts.yaml`; what lights say is told by the domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Literal, get_args

import yaml

from kpi_aggregator.domain.scorecard import LIGHT_WORDS

Language = Literal["de", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Words = Callable[..., str]
"""A key and what its placeholders stand for; returns plain text."""


def _read() -> dict[str, Mapping[Language, str]]:
    """Return all texts; one that lacks a language is an error at once."""
    source = (files("kpi_aggregator.pages") / "texts.yaml").read_text(encoding="utf-8")
    found: dict[str, Mapping[Language, str]] = yaml.safe_load(source)
    for key, text in found.items():
        if set(text) != set(LANGUAGES):
            raise ValueError(f"texts.yaml: {key} is not told in {', '.join(LANGUAGES)}")
    return found


TEXTS = _read() | {
    f"light_{light}": {language: words[language] for language in LANGUAGES}
    for light, words in LIGHT_WORDS.items()
}


def words_in(language: Language) -> Words:
    """Return the function that tells a text in a language; raises KeyError for an unknown key."""

    def tell(key: str, **values: Any) -> str:
        return TEXTS[key][language].format(**values)

    return tell
