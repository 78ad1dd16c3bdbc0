# SPDX-License-Identifier: EUPL-1.2
"""Observations: how they are named, and what of their filter a database can answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from open_data_publisher.sensorthings.errors import OptionError
from open_data_publisher.sensorthings.model import OBSERVATIONS, TYPES, Entity
from open_data_publisher.sensorthings.options import Options
from open_data_publisher.sensorthings.syntax import (
    Compare,
    Expression,
    Junction,
    Not,
    Operator,
    Path,
    Value,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIRRORED: Mapping[Operator, Operator] = {
    "gt": "lt",
    "ge": "le",
    "lt": "gt",
    "le": "ge",
    "eq": "eq",
    "ne": "ne",
}
Column = Literal["at", "result_at", "result"]
_COLUMNS: Mapping[str, Column] = {
    "phenomenonTime": "at",
    "resultTime": "result_at",
    "result": "result",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of an observation's time or result with a value."""

    column: Column
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions of which all hold."""

    items: tuple[Conditions, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one holds."""

    items: tuple[Conditions, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Conditions that do not hold."""

    item: Conditions


Conditions = Condition | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which observations of a datastream are asked for; the newest first unless said otherwise."""

    conditions: Conditions | None
    by: Column
    descending: bool
    top: int
    skip: int
    count: bool


def wanted(options: Options, option: str = "$filter") -> Wanted:
    """Return what is asked for.

    Raises OptionError where something else than times and results is looked at.
    """
    if len(options.orderby) > 1:
        at = options.orderby[1].path.at
        raise OptionError("$orderby", at, "observations are sorted by one property")
    by: Column = "at"
    descending = True
    for order in options.orderby:
        descending = order.descending
        by = _column("$orderby", order.path)
    conditions = None if options.filter is None else _conditions(option, options.filter)
    return Wanted(conditions, by, descending, options.top, options.skip, options.count)


def _conditions(option: str, expression: Expression) -> Conditions:
    if isinstance(expression, Junction):
        items = tuple(_conditions(option, item) for item in expression.items)
        return AllOf(items) if expression.word == "and" else AnyOf(items)
    if isinstance(expression, Not):
        return NoneOf(_conditions(option, expression.item))
    if not isinstance(expression, Compare):
        raise OptionError(option, expression.at, "observations are chosen by time and result")
    return _condition(option, expression)


def _condition(option: str, comparison: Compare) -> Condition:
    left, right, operator = comparison.left, comparison.right, comparison.operator
    if isinstance(left, Value) and isinstance(right, Path):
        left, right, operator = right, left, _MIRRORED[operator]
    if not isinstance(left, Path) or not isinstance(right, Value):
        raise OptionError(option, comparison.at, "a property is compared with a value")
    column = _column(option, left)
    is_time = column != "result"
    value = right.value
    if is_time and not isinstance(value, datetime):
        raise OptionError(option, right.at, "a time is expected, such as 2026-11-26T12:00:00Z")
    if not is_time and not isinstance(value, str | int | float | None):
        raise OptionError(option, right.at, "a number, a text or null is expected")
    if isinstance(value, bool):
        raise OptionError(option, right.at, "no result is true or false")
    return Condition(column, operator, value)


def _column(option: str, path: Path) -> Column:
    if len(path.parts) == 1 and path.parts[0] in _COLUMNS:
        return _COLUMNS[path.parts[0]]
    message = "observations are chosen and sorted by phenomenonTime, resultTime and result"
    raise OptionError(option, path.at, message)


def datastream_of(expression: Expression | None) -> tuple[str | None, Expression | None]:
    """Return the datastream that a filter names (`Datastream/id eq '…' and …`), and the rest of it."""
    if isinstance(expression, Junction) and expression.word == "and":
        for index, item in enumerate(expression.items):
            named, _ = datastream_of(item) if isinstance(item, Compare) else (None, None)
            if named is not None:
                rest = (*expression.items[:index], *expression.items[index + 1 :])
                return named, rest[0] if len(rest) == 1 else Junction("and", rest)
    if isinstance(expression, Compare) and expression.operator == "eq":
        for one, other in (
            (expression.left, expression.right),
            (expression.right, expression.left),
        ):
            is_named = isinstance(one, Path) and one.parts == ("Datastream", "id")
            if is_named and isinstance(other, Value) and isinstance(other.value, str):
                return other.value, None
    return None, expression


@dataclass(frozen=True, slots=True)
class Observed:
    """One result: of the moment `at`, or of the stretch of time from there to `until`.

    A state holds `until` then, where that is known; a mean `is_mean` of all of that time.
    """

    at: datetime
    result_at: datetime
    until: datetime | None
    result: Any
    simulated: bool
    is_mean: bool = False


def observation(datastream_id: str, observed: Observed) -> Entity:
    """Return an observation."""
    at, until = time_text(observed.at), observed.until
    interval = None if until is None else f"{at}/{time_text(until)}"
    properties = {
        "phenomenonTime": interval if observed.is_mean else at,
        "resultTime": time_text(observed.result_at),
        "validTime": None if observed.is_mean else interval,
        "result": observed.result,
        "parameters": {"simulated": observed.simulated},
    }
    return Entity(
        TYPES[OBSERVATIONS],
        f"{datastream_id}@{(observed.at - EPOCH) // timedelta(microseconds=1)}",
        properties,
        {"Datastream": (datastream_id,)},
    )


def parse_id(observation_id: str) -> tuple[str, datetime] | None:
    """Return the datastream and the time of an observation; None where it is no id of one."""
    datastream_id, _, number = observation_id.rpartition("@")
    if not datastream_id or not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    return datastream_id, EPOCH + timedelta(microseconds=int(number))


def time_text(moment: datetime) -> str:
    """Return a time with as many decimals as it has."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
