# SPDX-License-Identifier: EUPL-1.2
"""Words of filter expressions, and what they are put together to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from open_data_publisher.sensorthings.errors import OptionError

TokenKind = Literal["geography", "text", "time", "number", "name", "sign", "end"]
Operator = Literal["eq", "ne", "gt", "ge", "lt", "le"]
OPERATORS: tuple[Operator, ...] = ("eq", "ne", "gt", "ge", "lt", "le")
LONGEST = 4000
"""Characters of an option's value."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t]+)
      | geography'(?P<geography>(?:[^']|'')*)'
      | '(?P<text>(?:[^']|'')*)'
      | (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))
      | (?P<number>-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)
      | (?P<name>[A-Za-z_@$][A-Za-z0-9_.@$-]*)
      | (?P<sign>[(),/;=])
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, its value, and where it stands."""

    kind: TokenKind
    value: Any
    at: int
    end: int


@dataclass(frozen=True, slots=True)
class Value:
    """A literal: text, number, time, truth or null; a polygon as tuple of (longitude, latitude)."""

    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """A property, or one of a related entity."""

    parts: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """Two things compared."""

    operator: Operator
    left: Operand
    right: Operand
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function that is true or false."""

    name: str
    arguments: tuple[Operand, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Junction:
    """Expressions of which all must hold, or one."""

    word: Literal["and", "or"]
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    item: Expression


Operand = Value | Path
Expression = Compare | Call | Junction | Not


def tokens(option: str, text: str, offset: int = 0) -> list[Token]:
    """Return the words of a text, with one that marks its end.

    Raises OptionError where no word begins.
    """
    if len(text) > LONGEST:
        raise OptionError(option, LONGEST, f"longer than {LONGEST} characters")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise OptionError(option, offset + at, f"unexpected {text[at]!r}")
        if match.lastgroup != "space":
            found.append(_token(option, match, offset))
        at = match.end()
    return [*found, Token("end", None, offset + at, offset + at)]


def _token(option: str, match: re.Match[str], offset: int) -> Token:
    kind: Any = match.lastgroup
    text, at, end = match[kind], offset + match.start(), offset + match.end()
    value: Any = text
    if kind in {"text", "geography"}:
        value = text.replace("''", "'")
        if "\x00" in value:
            raise OptionError(option, at, "a NUL character stands in no text")
    elif kind == "number":
        value = float(text) if any(sign in text for sign in ".eE") else int(text)
        if not math.isfinite(value):
            raise OptionError(option, at, f"{text} is no number that is used here")
    elif kind == "time":
        value = _time(option, text, at)
    return Token(kind, value, at, end)


def _time(option: str, text: str, at: int) -> datetime:
    try:
        # PostgreSQL knows microseconds, as Python does.
        short = re.sub(r"(\.\d{6})\d+", r"\1", text)
        return datetime.fromisoformat(short).astimezone(UTC)
    except (ValueError, OverflowError):
        raise OptionError(option, at, f"{text} is no time") from None
