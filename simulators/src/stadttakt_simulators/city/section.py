# SPDX-License-Identifier: EUPL-1.2
"""Reads YAML strictly: every key is asked for by type, and what nobody asked for is an error with file and line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml


class CityError(ValueError):
    """The city folder cannot be used; the message names file, line and reason."""


class _Node(dict[str, Any]):
    line = 0
    lines: Mapping[str, int]


class _Loader(yaml.SafeLoader):
    pass


def _construct(loader: _Loader, node: yaml.MappingNode) -> _Node:
    loader.flatten_mapping(node)
    result = _Node(
        {str(key.value): loader.construct_object(value, deep=True) for key, value in node.value}
    )
    result.line = node.start_mark.line + 1
    result.lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    return result


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct)


class Section:
    """One mapping of a YAML file; `finish` complains about the keys that were not read."""

    def __init__(self, path: Path, node: _Node) -> None:
        self._path, self._node, self._read = path, node, set[str]()

    @classmethod
    def load(cls, path: Path) -> Section:
        """This function parses a file whose top level is a mapping."""
        try:
            node = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - derived from SafeLoader
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise CityError(f"{path}: {error}") from error
        if not isinstance(node, _Node):
            raise CityError(f"{path}:1: a mapping is expected")
        return cls(path, node)

    def names(self) -> list[str]:
        """This function lists the keys, for mappings whose keys are ids."""
        return list(self._node)

    def text(self, key: str, default: str | None = None) -> str:
        """This function returns a string."""
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """This function returns an integer or decimal number."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """This function returns an integer."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(key, "an integer")
        return value

    def boolean(self, key: str, *, default: bool | None = None) -> bool:
        """This function returns true or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def day(self, key: str, default: date | None = None) -> date:
        """This function returns a date."""
        value = self._value(key, default)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self._wrong(key, "a date")
        return value

    def texts(self, key: str, default: list[str] | None = None) -> list[str]:
        """This function returns a list of strings."""
        value = self._value(key, default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of texts")
        return [str(item) for item in value]

    def section(self, key: str, *, optional: bool = False) -> Section:
        """This function returns a mapping, an empty one where an optional key is missing."""
        value = self._value(key, _Node() if optional else None)
        if not isinstance(value, _Node):
            raise self._wrong(key, "a mapping")
        return Section(self._path, value)

    def sections(self, key: str) -> list[Section]:
        """This function returns a list of mappings."""
        value = self._value(key, None)
        if not isinstance(value, list) or not all(isinstance(item, _Node) for item in value):
            raise self._wrong(key, "a list of mappings")
        return [Section(self._path, item) for item in value]

    def has(self, key: str) -> bool:
        """This function tells whether a key is there and not null."""
        self._read.add(key)
        return self._node.get(key) is not None

    def finish(self) -> None:
        """This function refuses keys that were not read."""
        for key in self._node:
            if key not in self._read:
                raise self.error(key, f"unknown key {key!r}")

    def error(self, key: str, reason: str) -> CityError:
        """This function returns the error that names the place of a key."""
        line = self._node.lines.get(key, self._node.line) if self._node else 1
        return CityError(f"{self._path}:{line}: {reason}")

    def _value(self, key: str, default: object) -> Any:
        self._read.add(key)
        value = self._node.get(key)
        if value is None:
            if default is None:
                raise self.error(key, f"key {key!r} is missing")
            return default
        return value

    def _wrong(self, key: str, expected: str) -> CityError:
        return self.error(key, f"{key!r} must be {expected}")
