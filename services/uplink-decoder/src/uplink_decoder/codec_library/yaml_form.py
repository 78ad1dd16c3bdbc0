# SPDX-License-Identifier: EUPL-1.2
"""Reads YAML 1.2 as the public device repository writes it; knows no field."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode

TEXT = "tag:yaml.org,2002:str"
MERGE = "tag:yaml.org,2002:merge"


class FormError(ValueError):
    """The text is no YAML, or more than one document."""


class _Constructor(SafeConstructor):
    """Leaves dates and names of members as texts, as JSON would hold them."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 (as it is called)
        """Return a mapping whose keys `1`, `on` and `null` are the texts that they are written as."""
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise ConstructorError(
                    problem="a name that is no text", problem_mark=key.start_mark
                )
            if key.tag != MERGE:
                key.tag = TEXT
        return super().construct_mapping(node, deep=deep)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.yaml_constructors[TEXT])


def read_yaml(text: str) -> Any:
    """Return the document: `on`, `off`, `yes` and `no` are texts (YAML 1.2.2, 10.3.2).

    Raises:
        FormError: not YAML, several documents, a key twice or no text, nested too deeply.

    """
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _Constructor
    try:
        return reader.load(text)
    except (YAMLError, ValueError, OverflowError) as error:
        raise FormError(_first_line(error)) from error
    except RecursionError as error:
        raise FormError("nested too deeply") from error


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)
