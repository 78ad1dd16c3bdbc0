# SPDX-License-Identifier: EUPL-1.2
"""HEAD on everything that answers GET (RFC 9110, 9.3.2)."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Asks the application with GET and leaves out the body; a stream ends with its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}
        stream, ended = asyncio.timeout(None), False

        async def send_without_body(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                # The metrics outside look for the route where the router would have left it.
                scope["route"] = asked.get("route")
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b""})
                if message.get("more_body"):
                    stream.reschedule(asyncio.get_running_loop().time())

        try:
            async with stream:
                await self._app(asked, receive, send_without_body)
        except TimeoutError:
            if not stream.expired():
                raise
