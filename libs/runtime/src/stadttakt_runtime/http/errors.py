# SPDX-License-Identifier: EUPL-1.2
"""Turns every exception that leaves an endpoint into a problem document, or a page that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from itertools import chain
from typing import Any, cast
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from stadttakt_runtime.database import AWAY
from stadttakt_runtime.http.headers import SECURITY_HEADERS
from stadttakt_runtime.http.problem import (
    Problem,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
    from_status,
)
from stadttakt_runtime.http.problem_pages import answer
from stadttakt_runtime.http.trace_context import TRACE_ID
from stadttakt_runtime.leadership.lost import LeadershipLostError
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.plain_words import in_plain_words

log = get_logger(__name__)
NOT_AN_OBJECT = frozenset({"dict_type", "model_attributes_type", "model_type", "list_type"})


def install(app: FastAPI) -> None:
    """Register the handlers on an application."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    for away in AWAY:
        app.add_exception_handler(away, _on_database_away)
    app.add_exception_handler(LeadershipLostError, _on_leadership_lost)
    app.add_exception_handler(Exception, _on_anything_else)


async def _on_problem(request: Request, error: Exception) -> Response:
    return await answer(request, cast(Problem, error))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    http = cast(HTTPException, error)
    headers = dict(http.headers or {})
    if http.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request) or headers.get("Allow", "")
    return await answer(request, from_status(http.status_code, str(http.detail), headers))


def _allowed(request: Request) -> str:
    """Return all methods of the path; the router names those of its first match only."""
    paths: dict[str, Any] = request.app.openapi()["paths"]
    path = request.scope["path"]
    methods = [methods for template, methods in paths.items() if _fits(template, path)]
    return ", ".join(method.upper() for method in sorted({*chain.from_iterable(methods)}))


def _fits(template: str, path: str) -> bool:
    return compile_path(template)[0].match(path) is not None


async def _on_database_away(request: Request, error: Exception) -> Response:
    log.warning("database_away", error=repr(error))
    problem = Unavailable("the database does not answer", headers={"retry-after": "2"})
    return await answer(request, problem)


async def _on_leadership_lost(request: Request, error: Exception) -> Response:
    return await answer(request, Unavailable(str(error), headers={"retry-after": "1"}))


async def _on_validation_error(request: Request, error: Exception) -> Response:
    errors = cast(RequestValidationError, error).errors()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not _is_json(media_type) and any(_is_whole_body_unread(item) for item in errors):
        shown = media_type or "none"
        problem: Problem = UnsupportedMediaType(
            f"expected application/json, got {shown}",
            headers={"accept": "application/json"},
        )
    else:
        problem = ValidationFailed([_field_error(item) for item in errors])
    return await answer(request, problem)


async def _on_anything_else(request: Request, error: Exception) -> Response:
    """Answer 500; the traceback goes to the log with the same `instance`, never to the client."""
    instance = uuid4().urn
    error.add_note(f"problem instance {instance}")
    log.error(
        "request_failed",
        instance=instance,
        method=request.method,
        error=type(error).__name__,
        trace_id=request.scope.get(TRACE_ID),
    )
    problem = Problem(
        status=500,
        code="internal_server_error",
        title="Internal server error",
        # Starlette answers this one outside all middleware.
        headers={name.decode(): value.decode() for name, value in SECURITY_HEADERS},
        instance=instance,
    )
    return await answer(request, problem)


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _is_whole_body_unread(item: Mapping[str, Any]) -> bool:
    return item["loc"] == ("body",) and item["type"] in NOT_AN_OBJECT


def _field_error(item: Mapping[str, Any]) -> dict[str, str]:
    # The rejected value itself is left out: it may be somebody's contact data.
    location, *path = item["loc"] or ("body",)
    return {
        "in": str(location),
        "field": ".".join(str(part) for part in path),
        "detail": in_plain_words(item),
        "code": str(item["type"]),
    }
