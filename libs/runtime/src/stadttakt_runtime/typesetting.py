# SPDX-License-Identifier: EUPL-1.2
"""PDF by Typst: tagged, with title and language, PDF/UA-1, fonts embedded; for services with the extra `typesetting`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import typst

FONT = "Libertinus Serif"
"""What Typst brings along; texts in drawings are to be set in it too."""
NO_GLYPH = "□"
"""Stands for a character that no font at hand has: PDF/UA-1 forbids to leave it out unsaid."""
_PROBE = f'#set document(title: "x")\n#set text(font: "{FONT}")\n#sys.inputs.probe'.encode()


class TypesettingError(Exception):
    """A document that Typst refuses to draw; the message says why."""


def typeset(template: bytes, content: Mapping[str, Any], made_at: datetime) -> bytes:
    """Return a template filled in as PDF; the same content and time give the same bytes.

    The template reads its content with `json(bytes(sys.inputs.document))`: texts reach it as data, so
    that no word of theirs is taken for markup. Characters that the fonts lack become `NO_GLYPH`.
    What PDF/UA-1 forbids besides, such as a picture without words, raises TypesettingError.
    """
    unusual = "".join(
        sorted({letter for text in _texts(content) for letter in text if _asks(letter)})
    )
    shown = _told(content, str.maketrans(dict.fromkeys(_lacking(unusual), NO_GLYPH)))
    try:
        return _compile(template, {"document": orjson.dumps(shown).decode()}, made_at)
    except typst.TypstError as error:
        raise TypesettingError(str(error)) from error


def _compile(template: bytes, inputs: dict[str, str], made_at: datetime | None = None) -> bytes:
    made: bytes = typst.compile(
        template,
        format="pdf",
        sys_inputs=inputs,
        pdf_standards="ua-1",
        ignore_system_fonts=True,
        timestamp=0 if made_at is None else int(made_at.timestamp()),
    )
    return made


def _asks(letter: str) -> bool:
    return not (letter.isascii() and (letter.isprintable() or letter.isspace()))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for each in content.values():
            yield from _texts(each)
    elif isinstance(content, list | tuple):
        for each in content:
            yield from _texts(each)


def _told(content: Any, table: Mapping[int, str]) -> Any:
    """Return a content with its characters replaced."""
    if isinstance(content, str):
        return content.translate(table)
    if isinstance(content, Mapping):
        return {name: _told(each, table) for name, each in content.items()}
    if isinstance(content, list | tuple):
        return [_told(each, table) for each in content]
    return content


def _lacking(letters: str) -> str:
    """Return which of the letters cannot be drawn, by halves: Typst names but the first."""
    if not letters or _draws(letters):
        return ""
    if len(letters) == 1:
        return letters
    half = len(letters) // 2
    return _lacking(letters[:half]) + _lacking(letters[half:])


@lru_cache(maxsize=4096)
def _draws(letters: str) -> bool:
    """Tell whether letters can be drawn, each after one that can: marks stand on another letter."""
    try:
        _compile(_PROBE, {"probe": " ".join(f"x{letter}" for letter in letters)})
    except typst.TypstError:
        return False
    return True
