# SPDX-License-Identifier: EUPL-1.2
"""How an installed service makes itself known to the command line: entry points, read lazily."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stadttakt_runtime.errors import OperatorError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from stadttakt_messages.topics import Topics
    from stadttakt_runtime.broker_access import Grant

MIGRATIONS = "stadttakt.migrations"
COMMANDS = "stadttakt.commands"
CITY = "stadttakt.city"
CITY_RETIRING = "stadttakt.city_retiring"
"""Appliers that take the place of the `CITY` ones of the same name where `--retire` is said: these
refuse a folder that no longer names what it should only lose on purpose, those retire it."""
CITY_COMPARED = "stadttakt.city_compared"
"""Like `CITY`, but they change nothing: lines tell what applying the folder would retire."""
CITY_CHECKS = "stadttakt.city_checks"
CITY_TEMPLATES = "stadttakt.city_templates"
"""Packages of files that a new city's folder begins with (`stadttakt_runtime.new_city`)."""
APPS = "stadttakt.apps"
BROKER_ACCESS = "stadttakt.broker_access"

CityApplier = Callable[[Path, str], Sequence[str]]
"""Group `stadttakt.city`: applies a city folder to a database in one transaction.

Returns lines for the report; raises CityError, having changed nothing.
"""


class CityCheck(Protocol):
    """Group `stadttakt.city_checks`: checks what a service reads of a city folder when it starts.

    Returns lines for the report; raises CityError. In `production` nothing may be left to fill in.
    """

    def __call__(self, city: Path, *, production: bool) -> Sequence[str]:
        """Check a folder."""


BrokerAccess = Callable[[Path, "Topics"], Sequence["Grant"]]
"""Group `stadttakt.broker_access`: who may what at the platform's broker by a city's sources; raises CityError."""

AppFactory = Callable[[], "FastAPI"]
"""Group `stadttakt.apps`: `create_app` with default settings, for the OpenAPI export."""


class CityError(OperatorError):
    """Something in the city folder is wrong; names the file and, where known, the line."""

    def __init__(self, file: Path, message: str, *, line: int | None = None) -> None:
        self.file = file
        self.line = line
        self.message = message
        where = f"{file}:{line}" if line is not None else str(file)
        super().__init__(f"{where}: {message}")


MOST_TOLD = 100


class CityFaultsError(CityError):
    """Several things in the city folder are wrong; one line for each, the first hundred of them."""

    def __init__(self, found: Sequence[CityError]) -> None:
        first = found[0]
        super().__init__(first.file, first.message, line=first.line)
        self.found = tuple(found)
        more = len(found) - MOST_TOLD
        lines = [str(each) for each in found[:MOST_TOLD]]
        self.args = ("\n".join([*lines, f"and {more} more"] if more > 0 else lines),)


class PluginError(Exception):
    """An installed plugin cannot be loaded: its package is broken or half installed."""


def load(group: str) -> dict[str, Any]:
    """Return the installed plugins of a group by name, in a stable order."""
    return {name: loaded(entry) for name, entry in installed(group).items()}


def installed(group: str) -> dict[str, EntryPoint]:
    """Return by name, in a stable order, where the plugins of a group are to be loaded from."""
    return {
        entry.name: entry
        for entry in sorted(entry_points(group=group), key=lambda entry: entry.name)
    }


def loaded(entry: EntryPoint) -> Any:
    """Load one plugin; raises PluginError."""
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise PluginError(f"{entry.group} {entry.name} cannot be loaded: {error}") from error
