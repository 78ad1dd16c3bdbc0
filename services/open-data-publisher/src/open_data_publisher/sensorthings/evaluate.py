# SPDX-License-Identifier: EUPL-1.2
"""Chooses and sorts entities that are in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from open_data_publisher.sensorthings.catalogue import Catalogue
from open_data_publisher.sensorthings.model import Entity, EntityType, resolve
from open_data_publisher.sensorthings.options import Options, Order
from open_data_publisher.sensorthings.syntax import (
    Call,
    Compare,
    Expression,
    Junction,
    Not,
    Operand,
    Path,
    Value,
)

Getter = Callable[[Entity], Sequence[Any]]
Test = Callable[[Entity], bool]
Corners = Sequence[tuple[float, float]]


def choose(
    catalogue: Catalogue, entities: Iterable[Entity], entity_type: EntityType, options: Options
) -> tuple[list[Entity], int]:
    """Return the entities asked for, and how many there are without `$top` and `$skip`."""
    if options.filter is not None:
        test = predicate(catalogue, options.filter, entity_type)
        found = [entity for entity in entities if test(entity)]
    else:
        found = list(entities)
    # The last criterion first: sorting keeps the order of what is equal.
    for order in reversed(options.orderby):
        key = _sort_key(catalogue, order, entity_type)
        found.sort(key=key, reverse=order.descending)
    return found[options.skip : options.skip + options.top], len(found)


def predicate(catalogue: Catalogue, expression: Expression, entity_type: EntityType) -> Test:
    """Return a checked expression as a function."""
    if isinstance(expression, Junction):
        tests = [predicate(catalogue, item, entity_type) for item in expression.items]
        if expression.word == "and":
            return lambda entity: all(test(entity) for test in tests)
        return lambda entity: any(test(entity) for test in tests)
    if isinstance(expression, Not):
        test = predicate(catalogue, expression.item, entity_type)
        return lambda entity: not test(entity)
    if isinstance(expression, Call):
        return _call(catalogue, expression, entity_type)
    return _comparison(catalogue, expression, entity_type)


def _comparison(catalogue: Catalogue, comparison: Compare, entity_type: EntityType) -> Test:
    left = _getter(catalogue, comparison.left, entity_type)
    right = _getter(catalogue, comparison.right, entity_type)
    operator = comparison.operator
    return lambda entity: any(
        compares(operator, one, other) for one in left(entity) for other in right(entity)
    )


def _call(catalogue: Catalogue, call: Call, entity_type: EntityType) -> Test:
    first, second = (_getter(catalogue, each, entity_type) for each in call.arguments)
    holds = _FUNCTIONS[call.name]
    return lambda entity: any(holds(a, b) for a in first(entity) for b in second(entity))


def _getter(catalogue: Catalogue, operand: Operand, entity_type: EntityType) -> Getter:
    """Return a function that gives all values that a path leads to, or the one of a literal."""
    if isinstance(operand, Value):
        values = (operand.value,)
        return lambda _: values
    crossed, parts, _ = resolve("", operand, entity_type)

    def get(entity: Entity) -> list[Any]:
        here = [entity]
        for relation in crossed:
            here = [one for each in here for one in catalogue.related(each, relation.name)]
        return [_value(each, parts) for each in here]

    return get


def _value(entity: Entity, parts: Sequence[str]) -> Any:
    if parts == ("id",):
        return entity.id
    value: Any = entity.properties
    for part in parts:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def compares(operator: str, left: Any, right: Any) -> bool:
    """Compare two values; null is equal to null only, and nothing is more or less than another kind."""
    if operator in {"eq", "ne"}:
        is_equal = _kind(left) == _kind(right) and left == right
        return is_equal if operator == "eq" else not is_equal
    if _kind(left) != _kind(right) or isinstance(left, bool | type(None) | Mapping | tuple | list):
        return False
    if operator in {"gt", "lt"}:
        return bool(left > right if operator == "gt" else left < right)
    return bool(left >= right if operator == "ge" else left <= right)


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _sort_key(
    catalogue: Catalogue, order: Order, entity_type: EntityType
) -> Callable[[Entity], Any]:
    get = _getter(catalogue, Path(order.path.parts, order.path.at), entity_type)

    def key(entity: Entity) -> tuple[int, Any]:
        value = next(iter(get(entity)), None)
        if isinstance(value, bool):
            return 1, value
        if isinstance(value, int | float):
            return 2, value
        return (3, value) if isinstance(value, str) else (0, 0)

    return key


def _is_within(place: Any, corners: Any) -> bool:
    if not isinstance(place, Mapping):
        return False
    longitude, latitude = place["coordinates"]
    return is_inside(longitude, latitude, corners)


def is_inside(x: float, y: float, corners: Corners) -> bool:
    """Tell whether a point is inside a polygon: a ray from it crosses an odd number of its sides."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise(corners):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _of_texts(holds: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda a, b: isinstance(a, str) and isinstance(b, str) and holds(a, b)


_FUNCTIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "st_within": _is_within,
    "startswith": _of_texts(str.startswith),
    "endswith": _of_texts(str.endswith),
    "contains": _of_texts(lambda text, part: part in text),
    "substringof": _of_texts(lambda part, text: part in text),
}
