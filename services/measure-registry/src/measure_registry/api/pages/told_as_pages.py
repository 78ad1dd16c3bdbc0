# SPDX-License-Identifier: EUPL-1.2
"""Puts pages in place of problem documents where a person reads: a form that is too large, a link that leads nowhere."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from measure_registry.api.asked import city_of
from measure_registry.api.pages.shown import missing, show
from measure_registry.site.frame import Site, language_of, tell
from measure_registry.storage.city import City
from stadttakt_runtime.http.problem import Unavailable

TOO_LARGE = 413
NOWHERE = frozenset({404, 405, 422})
API = "/v1/"
Make = Callable[[Request, City], Response]


class ToldAsPages:
    """Replaces the document of a refusal by a page; programs, and all below `/v1/`, read the document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def send_page(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and (make := _page_for(scope, message)):
                page = await _made(Request(scope), make)
                if page is not None:
                    is_replaced = True
                    await page(scope, receive, send)
                    return
            if not is_replaced:
                await send(message)

        await self._app(scope, receive, send_page)


def _page_for(scope: Scope, answer: Message) -> Make | None:
    """Return what makes the page in place of an answer; nothing where the answer stays."""
    status, kind = answer["status"], Headers(raw=answer["headers"]).get("content-type", "")
    if "html" in kind:
        return None
    if scope["method"] == "POST":
        return _too_large if status == TOO_LARGE else None
    is_read_by_people = "text/html" in Headers(scope=scope).get("accept", "")
    return missing if status in NOWHERE and is_read_by_people else None


async def _made(request: Request, make: Make) -> Response | None:
    """Return a page; nothing where no city tells what it is called."""
    try:
        async with request.app.state.database.connection() as connection:
            city = await city_of(connection)
    except Unavailable:
        return None
    return make(request, city)


def _too_large(request: Request, city: City) -> Response:
    language = language_of(request)
    site: Site = request.app.state.site
    answer = show(
        request,
        city,
        "too_large.html",
        title=tell("too_large", language),
        status=TOO_LARGE,
        private=True,
        back=site.href(request.url.path, language),
    )
    # the rest of the body is not read, so the connection cannot be used again
    answer.headers["connection"] = "close"
    return answer
