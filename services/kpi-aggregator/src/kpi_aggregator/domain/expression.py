# SPDX-License-Identifier: EUPL-1.2
"""Arithmetic over the columns of a view, as a formula's author writes it; nothing else is let in."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

LONGEST = 300
DEEPEST = 20
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_SIGNS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class ExpressionError(ValueError):
    """A text is no arithmetic over columns."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the view."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Two expressions and what is done with them."""

    sign: str
    left: Expression
    right: Expression


Expression = Number | Column | Operation


def parse(text: str) -> Expression:
    """Return a text such as `occupied / (occupied + free)` as an expression.

    Raises ExpressionError for everything but numbers, names of columns, + - * / and brackets.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"`{text}` is no arithmetic over columns") from error
    return _read(tree.body, 0)


def _read(node: ast.expr, depth: int) -> Expression:
    if depth > DEEPEST:
        raise ExpressionError(f"is nested more than {DEEPEST} deep")
    match node:
        case ast.Name(id=name) if _NAME.match(name):
            return Column(name)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if not isfinite(value):
                raise ExpressionError("holds a number that is too large")
            return Number(float(value))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SIGNS:
            found = Operation(_SIGNS[type(sign)], _read(left, depth + 1), _read(right, depth + 1))
            if found.sign == "/" and constant(found.right) == 0:
                raise ExpressionError("divides by zero")
            return found
        case _:
            raise ExpressionError("may hold columns, numbers, + - * / and brackets only")


def constant(expression: Expression) -> float | None:
    """Return what an expression is whatever its columns hold, such as 0 for `x * 0`; none where it hangs on them."""
    match expression:
        case Number(value):
            return value
        case Operation("-", left, right) if left == right:
            return 0.0
        case Operation(sign, left, right):
            return _constant_of(sign, constant(left), constant(right))
        case _:
            return None


def _constant_of(sign: str, left: float | None, right: float | None) -> float | None:
    if (sign == "*" and 0 in {left, right}) or (sign == "/" and left == 0):
        return 0.0
    if left is None or right is None:
        return None
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right


def columns(expression: Expression) -> frozenset[str]:
    """Return the columns that an expression reads."""
    match expression:
        case Column(name):
            return frozenset({name})
        case Operation(_, left, right):
            return columns(left) | columns(right)
        case _:
            return frozenset()


def _with_point(value: float) -> str:
    return f"{value:g}"


def text(
    expression: Expression,
    named: Callable[[str], str] = str,
    written: Callable[[float], str] = _with_point,
) -> str:
    """Return an expression as people write it, its columns by the names that they have for people."""
    match expression:
        case Column(name):
            return named(name)
        case Number(value):
            return written(value)
        case Operation(sign, left, right):
            sides = (_bracketed(each, named, written) for each in (left, right))
            return f" {sign} ".join(sides)


def _bracketed(
    expression: Expression, named: Callable[[str], str], written: Callable[[float], str]
) -> str:
    told = text(expression, named, written)
    return f"({told})" if isinstance(expression, Operation) else told
