# SPDX-License-Identifier: EUPL-1.2
"""A small OpenID provider on loopback: signs its tokens, checks clients, codes and PKCE as a real one does."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlencode

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from support.http_app import served

CLIENT_ID, CLIENT_SECRET = "stadttakt pages", "geheim: ä&+"


class Ascii(json.JSONEncoder):
    """Writes half a surrogate pair as well, which UTF-8 cannot."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": True})


_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


class IdentityProvider:
    """What it knows and what a test lets it say; `roles` by subject."""

    def __init__(self) -> None:
        self.issuer = ""
        self.roles: dict[str, list[str]] = {}
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.key = _KEY
        self.roles_at_the_user_door = False
        self.is_down = False
        self.secret: str | None = CLIENT_SECRET
        self.codes: dict[str, dict[str, str]] = {}
        self.access: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.app = FastAPI()
        for method, path, answer in (
            ("GET", "/.well-known/openid-configuration", self._configuration),
            ("GET", "/keys", self._keys),
            ("GET", "/authorize", self._authorize),
            ("GET", "/choose", self._choose),
            ("POST", "/token", self._token),
            ("GET", "/user", self._user),
            ("GET", "/logout", self._logout),
        ):
            self.app.add_api_route(path, answer, methods=[method], response_model=None)

    async def _configuration(self) -> Response:
        if self.is_down:
            return Response(status_code=503)
        doors = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "user",
            "end_session_endpoint": "logout",
            "jwks_uri": "keys",
        }
        told = {name: f"{self.issuer}/{path}" for name, path in doors.items()}
        return JSONResponse({"issuer": self.issuer, **told, **self.metadata})

    async def _keys(self) -> Response:
        return JSONResponse(KeySet([_KEY]).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        """Let whoever logs in say who it is."""
        query = dict(request.query_params)
        self.asked.append(query)
        links = "".join(
            f'<li><a href="/choose?{html.escape(urlencode({**query, "who": who}))}">{who}</a></li>'
            for who in self.roles
        )
        page = f"<!doctype html><html lang=de><title>Anmeldung</title><main><h1>Anmeldung</h1><ul>{links}</ul></main>"
        return HTMLResponse(page)

    async def _choose(self, request: Request) -> Response:
        query = dict(request.query_params)
        back = {"state": query["state"], "iss": self.issuer}
        return RedirectResponse(
            f"{query['redirect_uri']}?{urlencode({'code': self.code(query), **back})}", 303
        )

    def code(self, query: dict[str, str]) -> str:
        """Return a code for a request that names `who`."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return code

    async def _token(self, request: Request, code: str = Form(), redirect_uri: str = Form(),
                     code_verifier: str = Form(), client_id: str = Form("")) -> Response:  # fmt: skip
        asked = self.codes.pop(code, None)
        digest = hashlib.sha256(code_verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not self._knows_client(request.headers.get("authorization", ""), client_id):
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
            or asked["redirect_uri"] != redirect_uri
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(16)
        self.access[access] = asked["who"]
        token = self.id_token(asked["who"], nonce=asked["nonce"])
        return JSONResponse({"access_token": access, "token_type": "Bearer", "id_token": token})

    def _knows_client(self, header: str, client_id: str) -> bool:
        if self.secret is None:
            return client_id == CLIENT_ID
        name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        return (unquote(name), unquote(secret)) == (CLIENT_ID, self.secret)

    def id_token(self, who: str, *, nonce: str) -> str:
        """Return a signed ID token."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": who, "iat": now, "exp": now + 300,
            "nonce": nonce,
        }  # fmt: skip
        if not self.roles_at_the_user_door:
            claims["realm_access"] = {"roles": self.roles[who]}
        header = {"alg": "RS256", "kid": "one"}
        said = {**claims, **self.claims}
        return jwt.encode(header, said, self.key, algorithms=["RS256"], encoder_cls=Ascii)

    async def _user(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        who = self.access.get(token)
        if who is None:
            return Response(status_code=401)
        return JSONResponse({"sub": who, "realm_access": {"roles": self.roles[who]}})

    async def _logout(self, post_logout_redirect_uri: str, client_id: str) -> Response:
        assert client_id == CLIENT_ID
        return RedirectResponse(post_logout_redirect_uri, 303)

    def settings(self) -> dict[str, Any]:
        """Return what a service is told of it."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": self.secret,
            "oidc_role_claim": "realm_access.roles",
        }


@asynccontextmanager
async def identity_provider(**roles: list[str]) -> AsyncIterator[IdentityProvider]:
    """Yield a provider that listens, with subjects and their roles."""
    provider = IdentityProvider()
    provider.roles = roles
    async with served(provider.app) as http:
        provider.issuer = str(http.base_url).rstrip("/")
        yield provider
