# SPDX-License-Identifier: EUPL-1.2
"""Modules and functions stay small enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("libs", "services", "simulators", "deploy", "schemas", "tests")
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MIGRATIONS = "versions"
"""A revision's `upgrade` is one SQL script and stays as it was written."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    return [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def statement_lines(function: Function) -> int:
    """Return how many lines the statements take: without signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body or function.end_lineno is None:
        return 0
    return function.end_lineno - body[0].lineno + 1


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert lengths, "no module was found at all"
    assert not {str(path): n for path, n in lengths.items() if n > MAX_MODULE_LINES}


def test_no_function_has_more_than_40_lines_of_statements() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": statement_lines(function)
        for path in modules()
        if path.parent.name != MIGRATIONS
        for function in functions(path)
        if statement_lines(function) > MAX_FUNCTION_LINES
    }
    assert not long
