# SPDX-License-Identifier: EUPL-1.2
"""Tells who sends a form that is too large what to do, as a page; programs of the API read the problem document."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from measure_registry.api.asked import city_of
from measure_registry.api.pages.shown import show
from measure_registry.site.frame import Site, language_of, tell

TOO_LARGE = 413
API = "/v1/"


class TooLargePage:
    """Puts a page in place of the document that says that a form is too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def send_page(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and _is_document(message):
                is_replaced = True
                await (await _page(Request(scope)))(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, send_page)


def _is_document(message: Message) -> bool:
    kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
    return message["status"] == TOO_LARGE and not any(b"html" in kind for kind in kinds)


async def _page(request: Request) -> Response:
    async with request.app.state.database.connection() as connection:
        city = await city_of(connection)
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
