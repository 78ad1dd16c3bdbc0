# SPDX-License-Identifier: EUPL-1.2
"""A parser to be fuzzed, and what must hold of whatever it lets through."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sized
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

MOST = 2**63
Result = TypeVar("Result")
Lines = TypeVar("Lines", bound=Sized)


@dataclass(frozen=True, slots=True)
class Parser:
    """Reads bytes, or refuses them by these exceptions alone; `seeds` are right inputs to begin from."""

    name: str
    read: Callable[[bytes], Any]
    refusals: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    longest: int = 4096

    def take(self, data: bytes) -> bool:
        """Read one input; returns whether it was let through. Anything else but a refusal is a finding."""
        try:
            found = self.read(data)
        except self.refusals:
            return False
        if found is None:
            raise TypeError("nothing was returned, so nothing can be checked")
        check(found)
        return True


def at_once(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine returns that waits for nothing: an event loop for each input costs more than its reading."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("it waits")


class NothingRightError(Exception):
    """A file of which each line is told to be wrong: not even one was let through."""


def right_ones(lines: Lines) -> Lines:
    """Return the lines that a reader let through; raises NothingRightError where it let none through."""
    if not lines:
        raise NothingRightError
    return lines


class UnstorableError(AssertionError):
    """Something was let through that the database or a message could not hold."""


def check(found: Any, where: str = "") -> None:
    """Raise where a value could not be stored as it is: NUL, half a character, a number too large, no time zone."""
    wrong = False
    match found:
        case None | bool() | bytes() | time() | timedelta() | tzinfo() | UUID():
            return
        case datetime():
            wrong = found.tzinfo is None
        case str():
            wrong = "\x00" in found or any("\ud800" <= each <= "\udfff" for each in found)
        case int():
            wrong = not -MOST <= found < MOST
        case float():
            wrong = not math.isfinite(found)
        case date():
            return
        case _:
            for name, value in _parts(found):
                check(value, f"{where}.{name}")
    if wrong:
        raise UnstorableError(f"{where}: {found!r:.100}")


def _parts(found: Any) -> Iterable[tuple[object, Any]]:
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield "key", key
            yield key, value
    elif dataclasses.is_dataclass(found) and not isinstance(found, type):
        for each in dataclasses.fields(found):
            yield each.name, getattr(found, each.name)
    elif isinstance(found, BaseModel):
        yield from found
    elif isinstance(found, tuple) and hasattr(found, "_fields"):
        yield from zip(found._fields, found, strict=True)
    elif isinstance(found, Iterable):
        yield from enumerate(found)
    else:
        raise TypeError(f"what is a {type(found)}?")
