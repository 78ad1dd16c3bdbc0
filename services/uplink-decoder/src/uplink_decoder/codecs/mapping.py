# SPDX-License-Identifier: EUPL-1.2
"""A declarative mapping from a decoded object to readings: parsed once, applied to each uplink.

A wrong type in the decoded object costs that value and gives a warning, never an exception.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from uplink_decoder.codecs.json_path import Find, compile_path
from uplink_decoder.codecs.mapping_document import (
    BayRule,
    CountRule,
    EnvironmentRule,
    MappingDocument,
    Number,
    PresenceRule,
    ReadingTime,
    ValueTest,
)
from uplink_decoder.codecs.model import (
    BayReading,
    CountReading,
    EnvironmentReading,
    Frame,
    Measured,
    PresenceReading,
    Reading,
)
from uplink_decoder.codecs.quantities import QUANTITIES
from uplink_decoder.codecs.reading_time import read_reading_time

MAX_READINGS = 1000
MAX_COUNT = 4_294_967_295
MAX_DURATION_S = 31_536_000


class MappingError(ValueError):
    """The document is no mapping; `errors` holds where and why, all of them."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{where}: {why}" if where else why for where, why in errors))
        self.errors = tuple(errors)


class Mapped(NamedTuple):
    """What a decoded object amounts to."""

    readings: tuple[Reading, ...] = ()
    battery_mv: int | None = None
    battery_percent: float | None = None
    warnings: tuple[str, ...] = ()


class _Context(NamedTuple):
    frame: Frame
    warnings: list[str]


_Take = Callable[[Any, _Context], Any]
_Make = Callable[[Any, _Context], Reading | None]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A compiled mapping; `warnings` says which quantities the catalogue does not know."""

    warnings: tuple[str, ...]
    has_environment: bool
    _rules: tuple[tuple[Find | None, _Make], ...]
    _battery_mv: _Take | None
    _battery_percent: _Take | None

    def apply(self, data: Any, frame: Frame) -> Mapped:
        """Return the readings and battery that a decoded object amounts to."""
        context = _Context(frame, [])
        readings = tuple(self._readings(data, context))
        battery_mv = _bounded(self._battery_mv, data, context, ("battery_mv", 100_000))
        percent = _bounded(self._battery_percent, data, context, ("battery_percent", 100))
        return Mapped(
            readings,
            None if battery_mv is None else round(battery_mv),
            percent,
            tuple(dict.fromkeys(context.warnings)),
        )

    def _readings(self, data: Any, context: _Context) -> Iterator[Reading]:
        found = 0
        for each, make in self._rules:
            try:
                items = (data,) if each is None else each(data)
            except ValueError as error:
                context.warnings.append(str(error))
                continue
            for item in items:
                reading = make(item, context)
                if reading is None:
                    continue
                found += 1
                if found > MAX_READINGS:
                    context.warnings.append(f"more than {MAX_READINGS} readings, the rest is left")
                    return
                yield reading


def parse_mapping(document: Any) -> Mapping:
    """Check and compile a mapping document.

    Raises:
        MappingError: wrong form, a path that is none, a known quantity with another unit.

    """
    try:
        parsed = MappingDocument.model_validate(document)
    except ValidationError as error:
        raise MappingError([_where_and_why(each) for each in error.errors()]) from error
    rules = tuple((_find(rule.each), _maker(rule)) for rule in parsed.readings)
    environment = [rule for rule in parsed.readings if isinstance(rule, EnvironmentRule)]
    names = [each.quantity for rule in environment for each in rule.quantities]
    return Mapping(
        warnings=tuple(
            f"the catalogue does not know {name}"
            for name in dict.fromkeys(names)
            if name not in QUANTITIES
        ),
        has_environment=bool(environment),
        _rules=rules,
        _battery_mv=_number(parsed.battery_mv),
        _battery_percent=_number(parsed.battery_percent),
    )


def _where_and_why(error: Any) -> tuple[str, str]:
    where = ".".join(str(part) for part in error["loc"])
    return where, str(error["msg"]).removeprefix("Value error, ")


def _find(path: str | None) -> Find | None:
    return None if path is None else compile_path(path)


def _maker(rule: BayRule | CountRule | PresenceRule | EnvironmentRule) -> _Make:
    """Return what makes a reading of one item, under the rule's condition if there is one."""
    match rule:
        case BayRule():
            make = _bay(rule)
        case CountRule():
            make = _count(rule)
        case PresenceRule():
            make = _presence(rule)
        case EnvironmentRule():
            make = _environment(rule)
    if rule.when is None:
        return make
    holds = _test(rule.when)
    return lambda item, context: make(item, context) if holds(item, context) else None


def _bay(rule: BayRule) -> _Make:
    occupied, suspect = _test(rule.occupied), _test(rule.suspect)
    duration, time = _number(rule.previous_duration_s), _time(rule.time)

    def make(item: Any, context: _Context) -> Reading | None:
        is_occupied = occupied(item, context)
        if is_occupied is None:
            return None
        limit = ("previous_duration_s", MAX_DURATION_S)
        before = _bounded(duration, item, context, limit)
        return BayReading(
            is_occupied,
            None if before is None else round(before),
            time(item, context),
            suspect=bool(suspect(item, context)),
        )

    return make


def _count(rule: CountRule) -> _Make:
    into, out, time = _number(rule.count_in), _number(rule.count_out), _time(rule.time)

    def make(item: Any, context: _Context) -> Reading | None:
        count_in = _bounded(into, item, context, ("in", MAX_COUNT))
        count_out = _bounded(out, item, context, ("out", MAX_COUNT))
        if (into and count_in is None) or (out and count_out is None):
            return None
        return CountReading(
            rule.gate, rule.mode, round(count_in or 0), round(count_out or 0), time(item, context)
        )

    return make


def _presence(rule: PresenceRule) -> _Make:
    wifi, ble, time = _number(rule.wifi), _number(rule.ble), _time(rule.time)

    def make(item: Any, context: _Context) -> Reading | None:
        over_wifi = _bounded(wifi, item, context, ("wifi", MAX_COUNT))
        over_ble = _bounded(ble, item, context, ("ble", MAX_COUNT))
        if over_wifi is None and over_ble is None:
            return None
        return PresenceReading(
            None if over_wifi is None else round(over_wifi),
            None if over_ble is None else round(over_ble),
            time(item, context),
        )

    return make


def _environment(rule: EnvironmentRule) -> _Make:
    parts = tuple((each.quantity, each.unit, _number(each)) for each in rule.quantities)
    time = _time(rule.time)

    def make(item: Any, context: _Context) -> Reading | None:
        measured = tuple(
            Measured(name, value, unit)
            for name, unit, take in parts
            if take and (value := take(item, context)) is not None
        )
        return EnvironmentReading(measured, time(item, context)) if measured else None

    return make


def _one(find: Find, path: str, item: Any, context: _Context) -> Any:
    """Return the value at a path, or nothing: absent, null, or several with a warning."""
    try:
        found = find(item)
    except ValueError as error:
        context.warnings.append(f"{path}: {error}")
        return None
    if len(found) > 1:
        context.warnings.append(f"{path}: several values where one is wanted")
        return None
    return found[0] if found else None


def _number(rule: Number | None) -> _Take | None:
    if rule is None:
        return None
    path, scale, offset = rule.path, rule.scale, rule.offset
    find = compile_path(path)

    def take(item: Any, context: _Context) -> float | None:
        value = _one(find, path, item, context)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            context.warnings.append(f"{path}: not a number")
            return None
        try:
            number = value * scale + offset
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            context.warnings.append(f"{path}: not a finite number")
            return None
        return number

    return take


def _bounded(
    take: _Take | None, item: Any, context: _Context, limit: tuple[str, float]
) -> float | None:
    """Return a number from 0 to the limit, or nothing, with a warning for one outside."""
    if take is None:
        return None
    value: float | None = take(item, context)
    name, maximum = limit
    if value is not None and not 0 <= value <= maximum:
        context.warnings.append(f"{name}: {value:g} is not between 0 and {maximum:g}")
        return None
    return value


def _test(rule: ValueTest | None) -> _Take:
    """Return a test that answers true, false, or nothing where the value says neither."""
    if rule is None:
        return lambda _item, _context: None
    path, find = rule.path, compile_path(rule.path)
    if rule.truthy:
        return _truth(path, find)
    wanted = _keys([rule.equals] if rule.is_in is None else rule.is_in)
    others = None if rule.otherwise is None else _keys(rule.otherwise)

    def holds(item: Any, context: _Context) -> bool | None:
        value = _one(find, path, item, context)
        if value is None:
            return None
        if isinstance(value, list | dict):
            context.warnings.append(f"{path}: not a plain value")
            return None
        key = _key(value)
        if key in wanted:
            return True
        if others is not None and key not in others:
            context.warnings.append(f"{path}: neither the one nor the other")
            return None
        return False

    return holds


def _truth(path: str, find: Find) -> _Take:
    def holds(item: Any, context: _Context) -> bool | None:
        value = _one(find, path, item, context)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return value != 0
        context.warnings.append(f"{path}: neither true nor false nor a number")
        return None

    return holds


def _key(value: Any) -> tuple[bool, Any]:
    """Return what tells JSON's true from 1, which Python holds equal."""
    return isinstance(value, bool), value


def _keys(values: Sequence[Any]) -> frozenset[tuple[bool, Any]]:
    return frozenset(_key(value) for value in values)


def _time(rule: ReadingTime | None) -> _Take:
    if rule is None:
        return lambda _item, _context: None
    path, form, find = rule.path, rule.form, compile_path(rule.path)

    def take(item: Any, context: _Context) -> Any:
        value = _one(find, path, item, context)
        if value is None:
            return None
        time = read_reading_time(value, form, context.frame.received_at)
        if time is None:
            context.warnings.append(f"{path}: no time of form {form}")
        return time

    return take
