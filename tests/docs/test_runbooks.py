# SPDX-License-Identifier: EUPL-1.2
"""What runbooks name in running text is there: endpoints with their parameters, and metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from architecture.tracked import ROOT
from support.documents import inline_code

REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S+)")
METRIC = re.compile(r"stadttakt_[a-z_0-9]+")
SAID = [(name, code) for name, code in inline_code() if name.startswith("docs/runbooks/")]


def operations() -> Iterator[tuple[str, re.Pattern[str], set[str]]]:
    """Give method, path as a pattern and parameters of the query of every endpoint."""
    for file in sorted((ROOT / "schemas/openapi").glob("*.json")):
        for path, methods in json.loads(file.read_text())["paths"].items():
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/:]+", re.escape(path)))
            for method, operation in methods.items():
                yield method.upper(), pattern, query_of(operation)


def query_of(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}


OPERATIONS = list(operations())


def is_answered(method: str, target: str) -> bool:
    parts = urlsplit(target)
    asked = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return any(
        method == known and pattern.fullmatch(parts.path) and asked <= query
        for known, pattern, query in OPERATIONS
    )


def test_endpoints_that_runbooks_name_exist_with_their_parameters() -> None:
    requests = [(name, found) for name, code in SAID if (found := REQUEST.fullmatch(code))]
    assert len(requests) > 5
    assert [
        (name, found[0]) for name, found in requests if not is_answered(found[1], found[2])
    ] == []


@pytest.mark.parametrize(
    "request_line", ["GET /v1/ledgers", "POST /v1/ledger", "GET /v1/ledger?by_klass=true"]
)
def test_the_check_would_find_what_is_not_answered(request_line: str) -> None:
    method, target = request_line.split()
    assert not is_answered(method, target)
    assert is_answered("GET", "/v1/ledger?by_class=true")


def test_metrics_that_runbooks_name_are_told_by_a_service() -> None:
    code = "\n".join(
        path.read_text()
        for folder in ("services", "libs")
        for path in (ROOT / folder).glob("*/src/**/*.py")
    )
    named = {(name, metric) for name, text in SAID for metric in METRIC.findall(text)}
    shipped = (ROOT / "deploy/backup/taken.sh").read_text()
    known = {metric for _, metric in named if f'"{metric}"' in code or metric in shipped}
    assert len(known) > 5
    assert sorted((name, metric) for name, metric in named if metric not in known) == []
