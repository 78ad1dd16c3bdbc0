# SPDX-License-Identifier: EUPL-1.2
"""Reads filter expressions (OData 4.01, the part of it that SensorThings needs); nothing is evaluated.

or   = and {"or" and}         and  = not {"and" not}        not  = "not" not | one
one  = "(" or ")" | function "(" operands ")" | operand operator operand
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from open_data_publisher.sensorthings.errors import OptionError
from open_data_publisher.sensorthings.syntax import (
    OPERATORS,
    Call,
    Compare,
    Expression,
    Junction,
    Not,
    Operand,
    Path,
    Token,
    TokenKind,
    Value,
    tokens,
)

DEEPEST = 30
MOST_NODES = 200
MOST_CORNERS = 500
FUNCTIONS: Mapping[str, int] = {
    "st_within": 2,
    "startswith": 2,
    "endswith": 2,
    "substringof": 2,
    "contains": 2,
}
"""Functions and how many arguments each takes; `substringof` names the part first."""
ARITHMETIC = ("add", "sub", "mul", "div", "mod")
_NOT_COMPUTED = "filters compare and do not compute, so there is no {}: compare with the result"
WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
_PAIR = re.compile(r"\s*(-?\d{1,3}(?:\.\d{1,15})?)\s+(-?\d{1,2}(?:\.\d{1,15})?)\s*")
_POLYGON = re.compile(r"\s*POLYGON\s*\(\(([^()]*)\)\)\s*", re.IGNORECASE)


class Cursor:
    """Goes through words, one after the other."""

    def __init__(self, option: str, words: list[Token]) -> None:
        self.option = option
        self._words = words
        self._next = 0

    @property
    def token(self) -> Token:
        """Return the next word."""
        return self._words[self._next]

    def take(self) -> Token:
        """Return the next word and go on."""
        token = self.token
        if token.kind != "end":
            self._next += 1
        return token

    def is_at(self, kind: TokenKind, *values: str) -> bool:
        """Tell whether the next word is one of these."""
        return self.token.kind == kind and self.token.value in values

    def expect(self, kind: TokenKind, *values: str) -> Token:
        """Return the next word, which must be one of these, and go on."""
        if self.token.kind != kind or (values and self.token.value not in values):
            raise self.error(f"{' or '.join(values) or kind} is expected")
        return self.take()

    def error(self, message: str, token: Token | None = None) -> OptionError:
        """Return an error at a word."""
        return OptionError(self.option, (token or self.token).at, message)


def parse_filter(option: str, text: str, offset: int = 0) -> Expression:
    """Return a filter.

    Raises OptionError with the place of what cannot be read.
    """
    cursor = Cursor(option, tokens(option, text, offset))
    parser = _Parser(cursor)
    found = parser.any_of(0)
    if cursor.token.kind != "end":
        raise cursor.error("the filter should be over here")
    return found


def parse_path(cursor: Cursor) -> Path:
    """Return a path of names with slashes between them."""
    first = cursor.expect("name")
    parts = [first.value]
    while cursor.is_at("sign", "/"):
        cursor.take()
        parts.append(cursor.expect("name").value)
    return Path(tuple("id" if part == "@iot.id" else part for part in parts), first.at)


class _Parser:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._nodes = 0

    def any_of(self, depth: int) -> Expression:
        return self._joined("or", lambda: self._all_of(depth))

    def _all_of(self, depth: int) -> Expression:
        return self._joined("and", lambda: self._not(depth))

    def _joined(self, word: str, read: Callable[[], Expression]) -> Expression:
        items = [read()]
        while self._cursor.is_at("name", word):
            self._cursor.take()
            items.append(read())
        if len(items) == 1:
            return items[0]
        return Junction("and" if word == "and" else "or", tuple(items))

    def _not(self, depth: int) -> Expression:
        self._count(depth)
        if self._cursor.is_at("name", "not"):
            self._cursor.take()
            return Not(self._not(depth + 1))
        return self._one(depth)

    def _count(self, depth: int) -> None:
        self._nodes += 1
        if depth > DEEPEST:
            raise self._cursor.error(f"nested deeper than {DEEPEST}")
        if self._nodes > MOST_NODES:
            raise self._cursor.error(f"more than {MOST_NODES} conditions")

    def _one(self, depth: int) -> Expression:
        cursor = self._cursor
        if cursor.is_at("sign", "("):
            cursor.take()
            found = self.any_of(depth + 1)
            cursor.expect("sign", ")")
            return found
        start = cursor.token
        left = self._operand_or_call()
        if isinstance(left, Call):
            return left
        if cursor.is_at("name", *ARITHMETIC):
            raise cursor.error(_NOT_COMPUTED.format(cursor.token.value))
        if not cursor.is_at("name", *OPERATORS):
            raise cursor.error(f"one of {', '.join(OPERATORS)} is expected")
        operator = cursor.take().value
        right = self._operand_or_call()
        if isinstance(right, Call):
            raise cursor.error("a function is compared with nothing", start)
        if cursor.is_at("name", *ARITHMETIC):
            raise cursor.error(_NOT_COMPUTED.format(cursor.token.value))
        return Compare(operator, left, right, start.at)

    def _operand_or_call(self) -> Operand | Call:
        cursor = self._cursor
        token = cursor.token
        if token.kind in {"text", "number", "time"}:
            cursor.take()
            return Value(token.value, token.at)
        if token.kind == "geography":
            cursor.take()
            return Value(polygon(cursor, token), token.at)
        if token.kind != "name":
            raise cursor.error("a property or a value is expected")
        if token.value in WORDS:
            cursor.take()
            return Value(WORDS[token.value], token.at)
        path = parse_path(cursor)
        return self._call(path) if cursor.is_at("sign", "(") else path

    def _call(self, path: Path) -> Call:
        cursor = self._cursor
        name = "/".join(path.parts)
        if name not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            raise OptionError(cursor.option, path.at, f"{name} is no function; there are {known}")
        cursor.expect("sign", "(")
        arguments: list[Operand] = []
        while True:
            argument = self._operand_or_call()
            if isinstance(argument, Call):
                raise OptionError(cursor.option, argument.at, "functions are not nested")
            arguments.append(argument)
            if cursor.expect("sign", ",", ")").value == ")":
                break
        if len(arguments) != FUNCTIONS[name]:
            message = f"{name} takes {FUNCTIONS[name]} arguments"
            raise OptionError(cursor.option, path.at, message)
        return Call(name, tuple(arguments), path.at)


def polygon(cursor: Cursor, token: Token) -> tuple[tuple[float, float], ...]:
    """Return the corners of a polygon in well-known text, without holes."""
    match = _POLYGON.fullmatch(token.value)
    if match is None:
        raise cursor.error("POLYGON((longitude latitude, …)) is expected", token)
    pairs = [_PAIR.fullmatch(pair) for pair in match[1].split(",")]
    corners = tuple((float(pair[1]), float(pair[2])) for pair in pairs if pair is not None)
    if len(corners) != len(pairs):
        raise cursor.error("a corner is longitude and latitude with a space between", token)
    if not 4 <= len(corners) <= MOST_CORNERS or corners[0] != corners[-1]:
        raise cursor.error("a polygon ends where it began, and has three corners or more", token)
    return corners
