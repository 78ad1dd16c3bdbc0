"""The pages' words in both languages, from `texts.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Literal, get_args

import yaml

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


TEXTS = _read()


def words_in(language: Language) -> Words:
    """Return the function that tells a text in a language; raises KeyError for an unknown key."""

    def tell(key: str, **values: Any) -> str:
        return TEXTS[key][language].format(**values)

    return tell
