# SPDX-License-Identifier: EUPL-1.2
"""JSON paths (RFC 9535) compiled once and looked up often; owns no document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.segments import JSONPathChildSegment, JSONPathRecursiveDescentSegment
from jsonpath.selectors import IndexSelector, NameSelector

MAX_LENGTH = 200
Find = Callable[[Any], Sequence[Any]]


class _Environment(JSONPathEnvironment):
    """RFC 9535 without match() and search(): a regular expression may run for ever."""

    def setup_function_extensions(self) -> None:
        """Keep the functions whose effort is bounded by the document."""
        super().setup_function_extensions()
        del self.function_extensions["match"]
        del self.function_extensions["search"]


_ENVIRONMENT = _Environment(strict=True)


def compile_path(text: str) -> Find:
    """Return a function from a document to the values at this path, none or several.

    Raises:
        ValueError: no JSON path, longer than 200 characters, or with more than one `..`.

    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"longer than {MAX_LENGTH} characters")
    if not text.startswith("$"):
        raise ValueError("a JSON path begins with $ (RFC 9535)")
    try:
        path = _ENVIRONMENT.compile(text)
    except (JSONPathError, RecursionError) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        raise ValueError(f"no JSON path (RFC 9535): {reason}") from error
    if not isinstance(path, JSONPath):
        raise ValueError("no JSON path (RFC 9535): one path, not several")  # noqa: TRY004
    descents = [s for s in path.segments if isinstance(s, JSONPathRecursiveDescentSegment)]
    if len(descents) > 1:
        raise ValueError("more than one `..`")
    keys = _keys(path)
    return _searcher(path) if keys is None else _walker(keys)


def _searcher(path: JSONPath) -> Find:
    """Return a search by the library; ValueError for a document nested too deeply."""

    def find(document: Any) -> Sequence[Any]:
        try:
            return path.findall(document)
        except (JSONPathError, RecursionError) as error:
            raise ValueError("the document is nested too deeply") from error

    return find


def _keys(path: JSONPath) -> tuple[str | int, ...] | None:
    """Return the names and indices of a path that leads to one place at most."""
    keys: list[str | int] = []
    for segment in path.segments:
        if not isinstance(segment, JSONPathChildSegment) or len(segment.selectors) != 1:
            return None
        selector = segment.selectors[0]
        if isinstance(selector, NameSelector):
            keys.append(selector.name)
        elif isinstance(selector, IndexSelector):
            keys.append(selector.index)
        else:
            return None
    return tuple(keys)


def _walker(keys: tuple[str | int, ...]) -> Find:
    """Return a lookup by plain steps: a tenth of the library's time, and most paths are plain."""

    def find(document: Any) -> Sequence[Any]:
        for key in keys:
            if isinstance(key, str):
                if not isinstance(document, dict) or key not in document:
                    return ()
            elif not isinstance(document, list) or not -len(document) <= key < len(document):
                return ()
            document = document[key]
        return (document,)

    return find
