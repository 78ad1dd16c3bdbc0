# SPDX-License-Identifier: EUPL-1.2
"""Staff at the registry's pages: logged in with a key, forms found on pages and sent."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx

from stadttakt_runtime.auth.scopes import Scope
from support.asking import mint_key

_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


@dataclass
class Staff:
    """Somebody who is logged in, with a cookie of their own."""

    http: httpx.AsyncClient
    cookie: str

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers=self._headers)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.post(path, headers=self._headers, **options)

    @property
    def _headers(self) -> dict[str, str]:
        return {"cookie": self.cookie, "accept": "text/html"}

    async def hidden(self, path: str) -> dict[str, str]:
        """Return the hidden fields of a page's last form."""
        page = await self.get(path)
        assert page.status_code == 200, page.text
        return hidden(page)

    async def send(self, path: str, *, form: dict[str, Any], **options: Any) -> httpx.Response:
        """Send a form that a page shows, with its hidden fields unless others are given."""
        return await self.post(path, data={**await self.hidden(path), **form}, **options)


def hidden(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of a page."""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}


async def logged_in(http: httpx.AsyncClient, database_url: str, scope: Scope) -> Staff:
    """Return somebody who logged in with a key of a scope."""
    key = await mint_key(database_url, scope)
    answer = await http.post("/intern/anmelden", data={"key": key})
    assert answer.status_code == 303, answer.text
    http.cookies.clear()
    return Staff(http, answer.headers["set-cookie"].split(";")[0])
