# SPDX-License-Identifier: EUPL-1.2
"""The way to the provider and back: authorization code with PKCE, state and nonce, then roles as scopes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from stadttakt_runtime.auth.oidc import InvalidToken, OidcVerifier, words_of
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import SCOPES, Scope
from stadttakt_runtime.login.provider import LoginRefused, Provider
from stadttakt_runtime.login.sealed import Sealer
from stadttakt_runtime.settings import ServiceSettings

LASTS = timedelta(minutes=10)
_PATH = re.compile(r"/[A-Za-z0-9._~%/-]*(\?[A-Za-z0-9._~%&=+-]*)?")


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send somebody, and what their browser keeps until they come back."""

    url: str
    cookie_name: str
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, and to which page they wanted."""

    principal: Principal
    back: str


class Login:
    """Logs people in by one provider, for one service's pages."""

    def __init__(
        self, settings: ServiceSettings, key: bytes, names: Mapping[str, Scope], cookie: str
    ) -> None:
        """Take role names that the service knows by itself; those of the settings go before."""
        if settings.oidc_issuer is None or settings.oidc_client_id is None:
            raise ValueError("oidc_issuer and oidc_client_id are needed")
        self._provider = Provider(settings.oidc_issuer)
        self._client_id = settings.oidc_client_id
        secret = settings.oidc_client_secret
        self._secret = None if secret is None else secret.get_secret_value()
        self._scope, self._claim = settings.oidc_login_scope, settings.oidc_role_claim
        self._names = {name: frozenset({scope}) for name, scope in names.items()}
        self._names |= settings.oidc_roles
        self._sealer = Sealer(key, b"login")
        self._cookie = cookie

    async def depart(self, redirect_uri: str, back: str, now: datetime) -> Departure:
        """Return the way to the provider; raises Unavailable where there is none."""
        doors = await self._provider.doors()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in doors.authorization else "?"
        ends = int((now + LASTS).timestamp())
        kept = self._sealer.seal([state, nonce, verifier, redirect_uri, back, ends])
        return Departure(doors.authorization + joint + urlencode(query), self._name(state), kept)

    async def arrive(
        self, query: Mapping[str, str], cookies: Mapping[str, str], now: datetime
    ) -> Arrival:
        """Return who came back from the provider.

        Raises:
            LoginRefused: with the reason, for whoever logs in.
            Unavailable: the provider does not answer.

        """
        kept = self._sealer.open(cookies.get(self._name(query.get("state", ""))))
        if kept is None:
            raise LoginRefused("this browser did not begin this login, or did so twice")
        state, nonce, verifier, redirect_uri, back, ends = kept
        if not hmac.compare_digest(state.encode(), query["state"].encode(errors="replace")):
            raise LoginRefused("the state is another")
        if now.timestamp() >= ends:
            raise LoginRefused("it took longer than ten minutes")
        # an answer of another provider (RFC 9207)
        if query.get("iss", self._provider.issuer) != self._provider.issuer:
            raise LoginRefused("another provider has answered")
        if "code" not in query:
            raise LoginRefused(f"the provider says: {query.get('error', 'no code')[:80]}")
        tokens = await self._provider.exchange(
            query["code"],
            verifier=verifier,
            redirect_uri=redirect_uri,
            client_id=self._client_id,
            secret=self._secret,
        )
        claims = await self._claims(tokens.identity, nonce)
        if not words_of(claims, self._claim):
            claims |= await self._more(tokens, claims)
        return Arrival(self._principal(claims), back)

    def cookie_to_forget(self, query: Mapping[str, str]) -> str:
        """Return the name of the cookie of a way that is over."""
        return self._name(query.get("state", ""))

    async def end_url(self, back: str) -> str | None:
        """Return where one logs out of the provider, and then comes back (RP-Initiated Logout 1.0)."""
        doors = await self._provider.doors()
        if doors.end is None:
            return None
        query = {"client_id": self._client_id, "post_logout_redirect_uri": back}
        return f"{doors.end}{'&' if '?' in doors.end else '?'}{urlencode(query)}"

    def _name(self, state: str) -> str:
        """Return the cookie's name: two tabs that log in at once have two."""
        digest = hashlib.sha256(state.encode(errors="replace")).hexdigest()
        return f"{self._cookie}_{digest[:16]}"

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        """Return what the ID token says (OpenID Connect Core 1.0, 3.1.3.7)."""
        doors = await self._provider.doors()
        verifier = OidcVerifier(self._provider.issuer, self._client_id, self._claim, doors.keys)
        try:
            claims = await verifier.claims(token)
        except InvalidToken as error:
            raise LoginRefused(f"the ID token is not valid: {error}") from error
        told = str(claims.get("nonce", "")).encode(errors="replace")
        if not hmac.compare_digest(told, nonce.encode()):
            raise LoginRefused("the ID token belongs to another login")
        if claims.get("azp", self._client_id) != self._client_id:
            raise LoginRefused("the ID token is for another application")
        return claims

    async def _more(self, tokens: Any, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the provider tells at its own door; of nobody else (Core, 5.3.2)."""
        told = await self._provider.user(tokens)
        return told if told.get("sub") == claims["sub"] else {}

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        words = words_of(claims, self._claim)
        scopes = SCOPES.intersection(words)
        scopes = scopes.union(*(self._names[each] for each in words if each in self._names))
        return Principal("oidc", claims["sub"], scopes)


def safe_path(path: str | None, below: str) -> str:
    """Return a path of our own pages to come back to; the first page below for any other."""
    if path and path.startswith(below) and _PATH.fullmatch(path) and "//" not in path:
        return path
    return below
