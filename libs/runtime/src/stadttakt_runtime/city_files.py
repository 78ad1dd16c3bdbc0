# SPDX-License-Identifier: EUPL-1.2
"""Reads YAML and CSV of a city folder so that every value knows its line; knows no domain."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from stadttakt_runtime.plain_words import told
from stadttakt_runtime.plugins import CityError, CityFaultsError

Path_ = tuple[str | int, ...]
Entry = TypeVar("Entry", bound=BaseModel)
CITY_ID = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""What a city's id is made of: it becomes a part of ids in feeds and of addresses."""
MOST_VALUES = 100_000
"""Of one entry; aliases of aliases would be more than a machine holds."""


@dataclass(slots=True)
class Faults:
    """Gathers what is wrong in a city folder, so that all of it is told at once."""

    found: list[CityError] = field(default_factory=list)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what the block finds wrong, and go on behind it."""
        try:
            yield
        except CityFaultsError as errors:
            self.found += errors.found
        except CityError as error:
            self.found.append(error)

    def tell(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise one_of(self.found)


def one_of(found: Sequence[CityError]) -> CityError:
    """Return an error that tells all that was found, of which there is some."""
    return found[0] if len(found) == 1 else CityFaultsError(found)


@dataclass(frozen=True, slots=True)
class Located:
    """The fields of one entry and where in the file they stand."""

    file: Path
    fields: Mapping[str, Any]
    lines: Mapping[Path_, int]

    def line_of(self, path: Path_ = ()) -> int:
        """Return the line of a field, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def error(self, message: str, path: Path_ = ()) -> CityError:
        """Return an error that names file and line."""
        return CityError(self.file, message, line=self.line_of(path))

    def parse(self, model: type[Entry]) -> Entry:
        """Return the entry as a model; an unknown key, a wrong type or range is a CityError.

        Of each field the first fault is told: of an alternative of types there is one for each.
        """
        try:
            return model.model_validate(self.fields)
        except ValidationError as error:
            found: dict[tuple[int, Path_], CityError] = {}
            for fault in error.errors(include_url=False):
                message = told(fault, _keys_beside(model, fault["loc"]))
                path = fault["loc"] or self._named(message)
                wrong = self.error(message, path)
                found.setdefault((self.line_of(path), path[:1]), wrong)
            raise one_of(list(found.values())) from error

    def _named(self, message: str) -> Path_:
        """Return the field that a fault of the whole entry begins with, if it is given."""
        name = message.partition(":")[0]
        return (name,) if (name,) in self.lines else ()


def _keys_beside(model: type[BaseModel], path: Path_) -> list[str]:
    """Return the keys that a model knows where another one was found; of nested ones none."""
    if len(path) > 1:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def read_yaml_list(file: Path, key: str) -> list[Located]:
    """Return the entries of a YAML file whose only key holds a list of mappings."""
    return read_yaml_list_and_block(file, key, None)[0]


def read_yaml_list_and_block(
    file: Path, key: str, block: str | None
) -> tuple[list[Located], Located | None]:
    """Return the entries of a list of mappings, and the mapping of another key if it is there."""
    entries: list[Located] = []
    beside: Located | None = None
    for name, value in _nodes(file, key or block or ""):
        if name.value == block and block is not None:
            beside = _located(file, value)
        elif name.value == key:
            entries += _entries(file, name, value)
        else:
            raise CityError(file, f"unknown key {name.value}", line=name.start_mark.line + 1)
    return entries, beside


def read_yaml_lists(file: Path, keys: Sequence[str]) -> dict[str, list[Located]]:
    """Return the entries of a YAML file whose keys, all optional, hold lists of mappings."""
    found: dict[str, list[Located]] = {key: [] for key in keys}
    for name, value in _nodes(file, keys[0]):
        if name.value not in found:
            raise CityError(file, f"unknown key {name.value}", line=name.start_mark.line + 1)
        found[name.value] += _entries(file, name, value)
    return found


def _nodes(file: Path, key: str) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the keys and values of a YAML file."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise CityError(file, error.problem or "not YAML", line=line) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CityError(file, "not UTF-8: save the file in this encoding", line=line) from error
    except yaml.YAMLError as error:
        raise CityError(file, f"not YAML in UTF-8: {error}") from error
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise CityError(file, f"must be a mapping with the key {key}", line=1)
    return list(root.value)


def _entries(file: Path, name: yaml.Node, value: yaml.Node) -> list[Located]:
    if not isinstance(value, yaml.SequenceNode):
        raise CityError(file, f"{name.value} must be a list", line=value.start_mark.line + 1)
    return [_located(file, node) for node in value.value]


def _located(file: Path, node: yaml.Node) -> Located:
    lines: dict[Path_, int] = {}
    fields = _Reading(file, lines).value(node, ())
    if not isinstance(fields, dict):
        raise CityError(file, "an entry must be a mapping", line=node.start_mark.line + 1)
    return Located(file, fields, lines)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads one entry; `under` are the nodes that the one being read lies in."""

    file: Path
    lines: dict[Path_, int]
    under: list[yaml.Node] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path_) -> Any:
        """Return what a node says; raises CityError for one that no entry can have."""
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if len(self.lines) > MOST_VALUES or any(node is each for each in self.under):
            raise CityError(self.file, "refers to itself, or is too large", line=line)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        self.under.append(node)
        found = self._inside(node, path)
        self.under.pop()
        return found

    def _inside(self, node: yaml.Node, path: Path_) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self.value(item, (*path, n)) for n, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise CityError(self.file, "a key must be a word", line=line)
            if key.value in mapping:
                raise CityError(self.file, f"{key.value} is given twice", line=line)
            self.lines[*path, key.value] = line
            mapping[key.value] = self.value(value, (*path, key.value))
        return mapping

    def _scalar(self, node: yaml.ScalarNode, line: int) -> Any:
        try:
            return yaml.SafeLoader("").construct_object(node)
        except yaml.YAMLError as error:
            raise CityError(
                self.file, f"`{node.value}` cannot be read: {error}", line=line
            ) from error
        except ValueError as error:
            raise CityError(self.file, f"there is no {node.value}: {error}", line=line) from error


def read_csv(file: Path, columns: Sequence[str], more: Sequence[str] = ()) -> list[Located]:
    """Return the rows of a CSV file whose header line has these columns, any of `more`, in any order.

    An empty field is left out, so that the model's default holds.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _rows(file, csv.reader(stream, strict=True), columns, more)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CityError(file, f"not CSV in UTF-8: {error}") from error


def _rows(file: Path, reader: Any, columns: Sequence[str], more: Sequence[str]) -> list[Located]:
    header: list[str] = next(reader, [])
    wrong = sorted(({*columns} - {*header}) | ({*header} - {*columns} - {*more}))
    if wrong or len(set(header)) != len(header):
        wrong = wrong or ["a column twice"]
        expected = ",".join(columns) + (f" and any of {','.join(more)}" if more else "")
        raise CityError(file, f"the header must be {expected}; see {', '.join(wrong)}", line=1)
    rows: list[Located] = []
    for values in reader:
        if not values:
            continue
        if len(values) != len(header):
            message = f"{len(values)} fields, the header has {len(header)}"
            raise CityError(file, message, line=reader.line_num)
        fields = {name: value for name, value in zip(header, values, strict=True) if value}
        rows.append(Located(file, fields, {(): reader.line_num}))
    return rows
