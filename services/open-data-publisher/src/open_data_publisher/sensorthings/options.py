# SPDX-License-Identifier: EUPL-1.2
"""The query options of a request, read and checked against the data model.

$filter, $orderby, $top, $skip, $count, $select, $expand(…;…)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from open_data_publisher.sensorthings.errors import OptionError
from open_data_publisher.sensorthings.expression import Cursor, parse_filter, parse_path
from open_data_publisher.sensorthings.model import (
    OBSERVATIONS,
    TYPES,
    EntityType,
    Form,
    known_names,
    resolve,
)
from open_data_publisher.sensorthings.syntax import (
    Call,
    Compare,
    Expression,
    Junction,
    Not,
    Operand,
    Path,
    Value,
    tokens,
)

TOP, MOST = 100, 1000
"""Entities of an answer where nothing is said, and at most."""
TOP_OBSERVATIONS = 10
"""Observations of each datastream where they are expanded and nothing is said."""
MOST_SKIPPED = 1_000_000
DEEPEST = 3
NAMES = ("$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand")


@dataclass(frozen=True, slots=True)
class Order:
    """By what entities are sorted."""

    path: Path
    descending: bool


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for of a set of entities, or of one."""

    filter: Expression | None = None
    orderby: tuple[Order, ...] = ()
    top: int = TOP
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: dict[str, Options] = field(default_factory=dict)


def parse_options(pairs: Iterable[tuple[str, str]], entity_type: EntityType) -> Options:
    """Return the options of a request for entities of a type; other parameters are not looked at.

    Raises OptionError, with the option and the place in its value.
    """
    options = Options()
    given: set[str] = set()
    for name, text in pairs:
        if name in given:
            raise OptionError(name, 0, "is given twice")
        if name in NAMES:
            given.add(name)
            options = _with(options, name, name, text, 0, entity_type, 0)
        elif name.startswith("$"):
            raise OptionError(name, 0, f"is not known; there are {', '.join(NAMES)}")
    return options


def _with(  # noqa: PLR0913, PLR0917 (where it stands, and in what)
    options: Options,
    name: str,
    shown: str,
    text: str,
    offset: int,
    entity_type: EntityType,
    depth: int,
) -> Options:
    if name == "$filter":
        found = parse_filter(shown, text, offset)
        _check(shown, found, entity_type)
        return replace(options, filter=found)
    cursor = Cursor(shown, tokens(shown, text, offset))
    if name == "$orderby":
        options = replace(options, orderby=tuple(_orders(cursor, entity_type)))
    elif name == "$top":
        options = replace(options, top=min(_whole(cursor, 2**31), MOST))
    elif name == "$skip":
        options = replace(options, skip=_whole(cursor, MOST_SKIPPED))
    elif name == "$count":
        options = replace(options, count=cursor.expect("name", "true", "false").value == "true")
    elif name == "$select":
        options = replace(options, select=tuple(_selected(cursor, entity_type)))
    else:
        options = replace(options, expand=_expanded(cursor, text, offset, entity_type, depth))
    if cursor.token.kind != "end":
        raise cursor.error("nothing more is expected")
    return options


def _whole(cursor: Cursor, most: int) -> int:
    token = cursor.expect("number")
    if not isinstance(token.value, int) or not 0 <= token.value <= most:
        raise cursor.error(f"a whole number from 0 to {most} is expected", token)
    return token.value


def _orders(cursor: Cursor, entity_type: EntityType) -> Iterator[Order]:
    while True:
        path = parse_path(cursor)
        crossed, _, form = resolve(cursor.option, path, entity_type)
        if form is Form.PLACE or any(relation.is_many for relation in crossed):
            raise OptionError(cursor.option, path.at, "cannot be sorted by")
        descending = False
        if cursor.is_at("name", "asc", "desc"):
            descending = cursor.take().value == "desc"
        yield Order(path, descending)
        if not cursor.is_at("sign", ","):
            return
        cursor.take()


def _selected(cursor: Cursor, entity_type: EntityType) -> Iterator[str]:
    while True:
        token = cursor.expect("name")
        name = "id" if token.value == "@iot.id" else token.value
        if name not in entity_type.properties and name not in entity_type.relations:
            known = known_names(entity_type)
            raise cursor.error(f"{entity_type.name} have no {name}; {known}", token)
        yield name
        if not cursor.is_at("sign", ","):
            return
        cursor.take()


def _expanded(
    cursor: Cursor, text: str, offset: int, entity_type: EntityType, depth: int
) -> dict[str, Options]:
    expand: dict[str, Options] = {}
    while True:
        _expand_one(cursor, (text, offset), entity_type, depth + 1, expand)
        if not cursor.is_at("sign", ","):
            return expand
        cursor.take()


def _expand_one(
    cursor: Cursor,
    source: tuple[str, int],
    entity_type: EntityType,
    depth: int,
    expand: dict[str, Options],
) -> None:
    """Read one relation, `A/B` being short for `A($expand=B)`."""
    token = cursor.expect("name")
    relation = entity_type.relations.get(token.value)
    if relation is None:
        names = ", ".join(sorted(entity_type.relations))
        raise cursor.error(f"{entity_type.name} are related to {names}", token)
    if depth > DEEPEST:
        raise cursor.error(f"expanded deeper than {DEEPEST}", token)
    to = TYPES[relation.to]
    plain = Options(top=TOP_OBSERVATIONS) if relation.to == OBSERVATIONS else Options()
    inner = expand.get(token.value, plain)
    if cursor.is_at("sign", "/"):
        cursor.take()
        further = dict(inner.expand)
        _expand_one(cursor, source, to, depth + 1, further)
        inner = replace(inner, expand=further)
    elif cursor.is_at("sign", "("):
        cursor.take()
        inner = _nested(cursor, source, to, depth, plain)
    expand[token.value] = inner


def _nested(
    cursor: Cursor, source: tuple[str, int], entity_type: EntityType, depth: int, options: Options
) -> Options:
    """Read `option=value;…)`: a value goes as far as the next `;` or `)` outside of its brackets."""
    text, offset = source
    while True:
        token = cursor.expect("name", *NAMES)
        begin = cursor.expect("sign", "=").end
        while not cursor.is_at("sign", ";", ")"):
            _skip(cursor)
        value = text[begin - offset : cursor.token.at - offset]
        options = _with(options, token.value, cursor.option, value, begin, entity_type, depth)
        if cursor.take().value == ")":
            return options


def _skip(cursor: Cursor) -> None:
    """Go on by a word, or by all that stands in brackets."""
    open_brackets = 0
    while True:
        token = cursor.take()
        if token.kind == "end":
            raise cursor.error("a closing bracket is expected")
        if token.kind == "sign" and token.value in "()":
            open_brackets += 1 if token.value == "(" else -1
        if open_brackets == 0:
            return


def _check(option: str, expression: Expression, entity_type: EntityType) -> None:
    """Look up every property, and refuse what can never be compared."""
    if isinstance(expression, Junction):
        for item in expression.items:
            _check(option, item, entity_type)
    elif isinstance(expression, Not):
        _check(option, expression.item, entity_type)
    elif isinstance(expression, Call):
        _check_call(option, expression, entity_type)
    else:
        _check_comparison(option, expression, entity_type)


def _check_call(option: str, call: Call, entity_type: EntityType) -> None:
    forms = [_form(option, each, entity_type) for each in call.arguments]
    if call.name == "st_within":
        if forms[0] is not Form.PLACE or not _is_polygon(call.arguments[1]):
            raise OptionError(option, call.at, "st_within(location, geography'POLYGON(…)')")
    elif any(form not in {Form.TEXT, Form.ANY} for form in forms):
        raise OptionError(option, call.at, f"{call.name} compares texts")
    if entity_type.name == OBSERVATIONS:
        raise OptionError(option, call.at, "observations are chosen by time and result")


def _check_comparison(option: str, comparison: Compare, entity_type: EntityType) -> None:
    left, right = (_form(option, each, entity_type) for each in (comparison.left, comparison.right))
    if Form.PLACE in {left, right}:
        raise OptionError(option, comparison.at, "places are compared by st_within")
    if Form.ANY not in {left, right} and left is not right:
        raise OptionError(option, comparison.at, f"a {left} is compared with a {right}")


def _form(option: str, operand: Operand, entity_type: EntityType) -> Form:
    if isinstance(operand, Path):
        return resolve(option, operand, entity_type)[2]
    return form_of(operand)


def form_of(value: Value) -> Form:
    """Return what a literal is; truth and null may be compared with anything."""
    if value.value is None or isinstance(value.value, bool):
        return Form.ANY
    if isinstance(value.value, str):
        return Form.TEXT
    if isinstance(value.value, int | float):
        return Form.NUMBER
    return Form.PLACE if isinstance(value.value, tuple) else Form.TIME


def _is_polygon(operand: Operand) -> bool:
    return isinstance(operand, Value) and isinstance(operand.value, tuple)
