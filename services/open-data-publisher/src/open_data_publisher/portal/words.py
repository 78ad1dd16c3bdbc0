# SPDX-License-Identifier: EUPL-1.2
"""The pages' words in both languages, from `texts/*.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import yaml

from open_data_publisher.domain.portal import LANGUAGES, Language

Words = Callable[..., str]
"""A key, as `frame.title`, and what its placeholders stand for; returns plain text."""


def _read() -> dict[str, Mapping[Language, str]]:
    """Return all texts; a text that lacks a language is an error at once."""
    found: dict[str, Mapping[Language, str]] = {}
    folder = files("open_data_publisher.portal") / "texts"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".yaml"):
            continue
        prefix = file.name.removesuffix(".yaml")
        for key, text in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if set(text) != set(LANGUAGES):
                raise ValueError(f"{file.name}: {key} is not told in {', '.join(LANGUAGES)}")
            found[f"{prefix}.{key}"] = text
    return found


TEXTS = _read()


def words_in(language: Language, instead: Mapping[str, str] | None = None) -> Words:
    """Return the function that tells a text in a language; raises KeyError for an unknown key.

    `instead` are the city's own words for some keys.
    """
    own = instead or {}

    def tell(key: str, **values: Any) -> str:
        return own.get(key, TEXTS[key][language]).format(**values)

    return tell


def all_below(
    prefix: str, language: Language, instead: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the texts of one file by their keys, for a script to show."""
    begin, own = f"{prefix}.", instead or {}
    return {
        key.removeprefix(begin): own.get(key, text[language])
        for key, text in TEXTS.items()
        if key.startswith(begin)
    }
