# SPDX-License-Identifier: EUPL-1.2
"""Every decision says what enforces it, and that exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
MAX_LINES = 60

each_decision = pytest.mark.parametrize("page", DECISIONS, ids=lambda path: path.stem)


@cache
def test_names() -> frozenset[str]:
    return frozenset(
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


test_names.__test__ = False  # type: ignore[attr-defined]


def test_there_are_decisions() -> None:
    assert DECISIONS


@each_decision
def test_decision_says_what_enforces_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    enforced = re.search(r"^Enforced by: (.+)\Z", text, flags=re.MULTILINE | re.DOTALL)
    assert enforced, "the last paragraph begins with `Enforced by:`"
    named = set(re.findall(r"`(test_\w+)`", enforced[1]))
    assert named <= test_names(), f"no such test: {named - test_names()}"
    contracts = set(
        re.findall(r"import-linter contract \"([^\"]+)\"", " ".join(enforced[1].split()))
    )
    configured = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'name = "{name}"' in configured for name in contracts), contracts


@each_decision
def test_decision_is_at_most_a_page(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@each_decision
def test_decision_stands_in_the_list(page: Path) -> None:
    listed = (page.parent / "README.md").read_text(encoding="utf-8")
    assert f"]({page.name})" in listed
