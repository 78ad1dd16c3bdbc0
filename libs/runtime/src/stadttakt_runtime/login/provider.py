# SPDX-License-Identifier: EUPL-1.2
"""An OpenID provider by its issuer: where its doors are, and what a code is worth there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import quote

import httpx

from stadttakt_runtime.auth.jwks import UNREADABLE, KeySource
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.log import get_logger

log = get_logger(__name__)
FRESH_S = 3_600.0
RETRY_S = 5.0
TIMEOUT_S = 10.0


class LoginRefused(Exception):  # noqa: N818 (the outcome, told to who logs in)
    """The provider, or what it sent, does not let somebody in."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The endpoints of a provider (OpenID Connect Discovery 1.0, section 3)."""

    authorization: str
    token: str
    user: str | None
    end: str | None
    keys: KeySource
    takes_basic: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for; `access` opens the provider's own doors only."""

    identity: str
    access: str

    def __repr__(self) -> str:
        return "Tokens(…)"


def _away(why: str) -> Unavailable:
    return Unavailable(f"the login of the city cannot be used: {why}", code=AWAY)


AWAY = "identity_provider_away"


class Provider:
    """One provider, its doors read anew each hour; known ones serve while it is away."""

    def __init__(self, issuer: str, time: Callable[[], float] = monotonic) -> None:
        self.issuer = issuer
        self._time = time
        self._doors: Doors | None = None
        self._read_at = self._failed_at = float("-inf")
        self._lock = asyncio.Lock()

    async def doors(self) -> Doors:
        """Return where its doors are; raises Unavailable (503) where they were never known."""
        async with self._lock:
            now = self._time()
            if now - self._read_at >= FRESH_S and now - self._failed_at >= RETRY_S:
                await self._discover()
        if self._doors is None:
            raise _away("its configuration cannot be read")
        return self._doors

    async def _discover(self) -> None:
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            answer = await self._answer("GET", url)
            answer.raise_for_status()
            self._doors = self._doors_of(answer.json())
        except UNREADABLE as error:
            self._failed_at = self._time()
            log.warning("oidc_configuration_unreadable", url=url, error=repr(error))
        else:
            self._read_at = self._time()

    def _doors_of(self, told: Mapping[str, Any]) -> Doors:
        # Another issuer's document would send people, and codes, elsewhere (Discovery, 4.3).
        if told["issuer"] != self.issuer:
            raise ValueError(f"it names the issuer {told['issuer']!r:.100}")
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Doors(
            authorization=self._safe(told["authorization_endpoint"]),
            token=self._safe(told["token_endpoint"]),
            user=self._safe(told["userinfo_endpoint"]) if told.get("userinfo_endpoint") else None,
            end=self._safe(told["end_session_endpoint"])
            if told.get("end_session_endpoint")
            else None,
            keys=KeySource(self._safe(told["jwks_uri"])),
            takes_basic="client_secret_basic" in methods,
        )

    def _safe(self, url: Any) -> str:
        """Return a door's address as it can be asked; refuses one without TLS, unless the issuer itself is without."""
        door = httpx.URL(url)
        if door.scheme not in {"https", httpx.URL(self.issuer).scheme}:
            raise ValueError(f"{url} is not https")
        return str(door)

    async def exchange(
        self, code: str, *, verifier: str, redirect_uri: str, client_id: str, secret: str | None
    ) -> Tokens:
        """Return what a code is worth (RFC 6749, 4.1.3, with PKCE, RFC 7636).

        Raises:
            LoginRefused: the provider does not take the code.
            Unavailable: it does not answer, or not as a provider does.

        """
        doors = await self.doors()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        auth = None
        if secret is not None and doors.takes_basic:
            # both are form-encoded first (RFC 6749, 2.3.1)
            auth = httpx.BasicAuth(quote(client_id, safe=""), quote(secret, safe=""))
        else:
            form["client_id"] = client_id
            if secret is not None:
                form["client_secret"] = secret
        told = await self._asked("POST", doors.token, data=form, auth=auth)
        identity, access = told.get("id_token"), told.get("access_token")
        if not isinstance(identity, str):
            raise LoginRefused("the provider sent no ID token")
        if not isinstance(access, str) or not (access.isascii() and access.isprintable()):
            # it is put into a header, and has no other characters (RFC 6749, A.12)
            access = ""
        return Tokens(identity, access)

    async def user(self, tokens: Tokens) -> dict[str, Any]:
        """Return what the provider tells of who logged in; nothing where it has no such door."""
        doors = await self.doors()
        if doors.user is None or not tokens.access:
            return {}
        return await self._asked(
            "GET", doors.user, headers={"authorization": f"Bearer {tokens.access}"}
        )

    async def _asked(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            answer = await self._answer(method, url, **options)
        except httpx.HTTPError as error:
            raise _away("it does not answer") from error
        if answer.is_server_error:
            raise _away(f"it answered {answer.status_code}")
        try:
            told = answer.json()
        except (ValueError, RecursionError):
            told = None
        if not answer.is_success:
            why = told.get("error") if isinstance(told, dict) else None
            said = repr(why[:100]) if isinstance(why, str) else None
            log.warning("oidc_refused", url=url, status=answer.status_code, error=said)
            raise LoginRefused("the provider did not take what it had sent")
        if not isinstance(told, dict):
            raise _away("it answered with something else than JSON")
        return told

    async def _answer(self, method: str, url: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            return await client.request(method, url, **options)
