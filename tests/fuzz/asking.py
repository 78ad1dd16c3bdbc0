# SPDX-License-Identifier: EUPL-1.2
"""What is asked of a service by its OpenAPI document, and what must hold of every answer."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fuzz.answering import Example, Target

OPENAPI = Path(__file__).parents[2] / "schemas/openapi"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ELSEWHERE = r"/stream$|/attachments$"
"""Server-sent events do not end, attachments are no JSON; they have tests of their own."""
UNANSWERED: dict[str, str] = {}
"""Operations that answer nobody 2xx here, each with the reason."""


def load(service: str, examples: int = 1, *, whole: bool = False) -> Any:
    """Return a service's document; the tests ask each of its operations so many things, the same at every run.

    `whole` is with what is asked elsewhere.
    """
    generation = GenerationConfig(deterministic=True, max_examples=examples)
    project = ProjectConfig(generation=generation)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    schema = schemathesis.openapi.from_path(OPENAPI / f"{service}.json", config=config)
    return schema if whole else schema.exclude(path_regex=ELSEWHERE)


def ask(case: Any, running: Target) -> None:
    """Send one request; raises where the answer is not as documented."""
    number, by = zlib.crc32(said_of(case).encode("utf-8", "replace")), running.headers
    examples = running.examples.get(case.operation.label)
    if examples and number % 2:
        # Every other request is about something that is there, and is so whenever it is repeated.
        example = examples[number // 256 % len(examples)]
        be_like(case, example, number // 8)
        by = example.by or by
    answer = case.call(base_url=running.url, headers=headers_of(number, by), timeout=30)
    running.answers.note(case.operation.label, answer.status_code)
    case.validate_response(answer, checks=CHECKS)


def said_of(case: Any) -> str:
    """Return what a request says, the same at every run: what it leaves out has an address for its name."""
    parts = (case.operation.label, case.path_parameters, case.query, case.body)
    return repr([None if each is NOT_SET else each for each in parts])


def headers_of(number: int, by: dict[str, str]) -> dict[str, str]:
    """Return what opens everything; every fourth request goes without it, as anybody's."""
    return {} if number // 2 % 4 == 0 else by


def be_like(case: Any, example: Example, number: int) -> None:
    """Let a drawn request be about what a right one is about, and in three of four differ from it in one value at most."""
    case.path_parameters = {**(case.path_parameters or {}), **example.path}
    if number % 4 == 0:
        return
    case.query = {**(case.query or {}), **example.query}
    case.headers = {**(case.headers or {}), **example.headers}
    if example.body is not None:
        case.body = mixed(example.body, case.body, number // 4)
        case.media_type = example.media_type


def mixed(right: Any, drawn: Any, number: int) -> Any:
    """Return a right body, in which one value mostly is a drawn one; the drawn body itself where that is no object."""
    if number % 4 == 0 or not isinstance(right, dict):
        return right
    if not isinstance(drawn, dict) or not drawn:
        return right if number % 4 == 1 else drawn
    name = sorted(drawn)[number // 4 % len(drawn)]
    inner, new = right.get(name), drawn[name]
    is_both = isinstance(inner, dict) and isinstance(new, dict)
    return {**right, name: mixed(inner, new, number // 16) if is_both else new}
