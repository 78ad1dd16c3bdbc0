# SPDX-License-Identifier: EUPL-1.2
"""What a browser is told that is refused at a page: in words and with a way on, not as a problem document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.texts import TEXTS, words_in
from stadttakt_runtime.http.problem import Problem

Handler = Callable[[Request, Any], Awaitable[Response]]
KEPT = ("allow", "connection", "retry-after")
# Programs ask below these, whatever they accept.
OF_PROGRAMS = ("/v1", "/live", "/ready", "/metrics", "/openapi.json", "/docs")


def install_refusals(app: FastAPI) -> None:
    """Let pages refuse in words; everything else keeps its problem documents."""
    for kind in (Problem, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _in_words(cast(Handler, app.exception_handlers[kind])))


def _in_words(before: Handler) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        problem = await before(request, error)
        return _page(request, problem) if _is_page(request) else problem

    return answer


def _is_page(request: Request) -> bool:
    takes_html = "text/html" in request.headers.get("accept", "")
    return takes_html and not request.url.path.startswith(OF_PROGRAMS)


def _page(request: Request, problem: Response) -> Response:
    """Return the page of a refusal; it asks no database, which may be what is away."""
    code = orjson.loads(problem.body)["code"]
    tell = words_in(language_of(request))
    key = f"refused_{code}"
    answer = page(
        request,
        "refusal.html",
        city="",
        active="entry",
        status=problem.status_code,
        title=tell("refused_title"),
        said=tell(key if key in TEXTS else "refused_other"),
        has_entrance=problem.status_code in {401, 403},
    )
    kept = {name: problem.headers[name] for name in KEPT if name in problem.headers}
    answer.headers.update(kept)
    return answer
