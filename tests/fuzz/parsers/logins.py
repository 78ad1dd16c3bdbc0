# SPDX-License-Identifier: EUPL-1.2
"""What providers of logins send: bearer tokens, where their doors are, their keys, and what a code is worth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any
from warnings import catch_warnings

import httpx
import orjson
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet, OKPKey
from joserfc.jws import default_registry
from joserfc.util import urlsafe_b64encode

from fuzz.parsers.answers import answered
from fuzz.parsers.target import Parser, at_once
from stadttakt_runtime.auth.authenticator import MAX_TOKEN_BYTES
from stadttakt_runtime.auth.jwks import KeySource
from stadttakt_runtime.auth.oidc import InvalidToken, OidcVerifier
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.login.flow import Login
from stadttakt_runtime.login.provider import Doors, LoginRefused, Provider
from stadttakt_runtime.settings import ServiceSettings

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ISSUER, AUDIENCE, CLAIM = "https://login.example", "stadttakt", "realm_access.roles"
CLAIMS = {
    "iss": ISSUER,
    "aud": [AUDIENCE],
    "sub": "8f1c",
    "exp": 2**40,
    "nbf": 0,
    "iat": 0,
    "realm_access": {"roles": ["admin", "registry:write"]},
}
STATE, NONCE = "state-of-this-login", "nonce-of-this-login"
CONFIGURATION = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/user",
    "end_session_endpoint": f"{ISSUER}/logout",
    "jwks_uri": f"{ISSUER}/keys",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
}
PUBLISHED = {
    "keys": [
        {"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "e": "AQAB", "n": "w" * 342},
        # The generator of the curve is a point of it.
        {
            "kty": "EC",
            "kid": "ec",
            "crv": "P-256",
            "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
            "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
        },
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "key_ops": ["verify"], "x": "A" * 43},
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        {"kty": "AKP", "kid": "later", "alg": "ML-DSA-44", "pub": "AAAA"},
    ]
}


def _token_of(header: Any, claims: Any, signature: bytes | None = None) -> str:
    """Return a token of anything, signed rightly where no signature is given."""
    signing = b".".join(urlsafe_b64encode(json.dumps(each).encode()) for each in (header, claims))
    if signature is None:
        algorithm = default_registry.algorithms["Ed25519"]
        signature = algorithm.sign(signing, _keys().keys[0])
    return (signing + b"." + urlsafe_b64encode(signature)).decode()


NAMING = tuple(
    _token_of({"alg": algorithm, "kid": kid}, CLAIMS, bytes(length))
    for algorithm, kid, length in (("RS256", "rsa", 256), ("ES256", "ec", 64), ("EdDSA", "ed", 64))
)
"""Tokens that name published keys and are not signed by them."""


@cache
def _keys() -> KeySet:
    return KeySet([OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"})])


class _Keys(KeySource):
    """A provider's keys that are there at once."""

    async def current(self) -> KeySet:
        return _keys()

    async def renewed(self) -> KeySet:
        return _keys()


VERIFIER = OidcVerifier(ISSUER, AUDIENCE, CLAIM, _Keys(""))


def _token(data: bytes) -> Any:
    """A JSON object of `header` and `claims` is signed rightly, whatever they say; anything else is the token."""
    try:
        text = _token_of(**json.loads(data))
    except (ValueError, KeyError, TypeError, RecursionError):
        text = data.decode("utf-8", "surrogateescape")
    try:
        return at_once(VERIFIER.principal(text[:MAX_TOKEN_BYTES]))
    except InvalidToken as error:
        # It is told in an answer.
        orjson.dumps(str(error))
        raise


class _Published(KeySource):
    """Keys at a provider that answers so."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"{ISSUER}/keys")
        self._data = data

    async def _answer(self) -> httpx.Response:
        return await _asked("GET", f"{ISSUER}/keys", self._data)


async def _asked(method: str, url: str, said: bytes, **options: Any) -> httpx.Response:
    """Return an answer as a client has read it; a client for each would take most of the time."""
    told = {name: options[name] for name in ("data", "headers") if name in options}
    answer = answered(said, at_once=True)
    answer.request = httpx.Request(method, url, **told)
    return answer


def _published(data: bytes) -> Any:
    """One key is used as well: some are looked at only then; of weak ones is warned."""
    source = _Published(data)
    verifier = OidcVerifier(ISSUER, AUDIENCE, CLAIM, source)
    with catch_warnings(action="ignore", category=SecurityWarning):
        with suppress(InvalidToken):
            at_once(verifier.claims(NAMING[len(data) % len(NAMING)]))
        return len(at_once(source.current()).keys)


class _Configured(Provider):
    """A provider that answers so when it is asked for its configuration."""

    def __init__(self, data: bytes) -> None:
        super().__init__(ISSUER)
        self._data = data

    async def _answer(self, method: str, url: str, **options: Any) -> httpx.Response:
        return await _asked(method, url, self._data, **options)


def _configuration(data: bytes) -> Any:
    """Each address stands in headers, which hold ASCII alone."""
    doors = at_once(_Configured(data).doors())
    addresses = [doors.authorization, doors.token, doors.user, doors.end, doors.keys._url]
    assert all(each.isascii() for each in filter(None, addresses))
    return addresses, doors.takes_basic


class _Answering(_Configured):
    """A provider with doors that are known, which answers so at them."""

    async def doors(self) -> Doors:
        return Doors(
            authorization=f"{ISSUER}/authorize",
            token=f"{ISSUER}/token",
            user=f"{ISSUER}/user",
            end=None,
            keys=_Keys(""),
            takes_basic=True,
        )

    async def _answer(self, method: str, url: str, **options: Any) -> httpx.Response:
        head, mark, body = self._data.partition(b"\n\n")
        tokens, user = _bodies(body)
        said = head + mark + (tokens if url.endswith("/token") else user)
        return await _asked(method, url, said, **options)


def _bodies(body: bytes) -> tuple[bytes, bytes]:
    """Return what both doors say; an `id_token` that is an object is signed rightly, whatever it says."""
    try:
        told = json.loads(body)
        tokens, user = told["tokens"], told["user"]
        if isinstance(tokens, dict) and isinstance(tokens.get("id_token"), dict):
            tokens["id_token"] = _token_of(**tokens["id_token"])
        return json.dumps(tokens).encode(), json.dumps(user).encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        return body, body


@cache
def _login() -> Login:
    settings = ServiceSettings(
        oidc_issuer=ISSUER, oidc_client_id=AUDIENCE, oidc_role_claim=CLAIM, oidc_roles={}
    )
    return Login(settings, b"k" * 32, {"coordinator": "registry:admin"}, "pages")


def _arrival(data: bytes) -> Any:
    """The input is what the provider answers to who comes back with a code: tokens, and who it is at the user's door."""
    login = _login()
    login._provider = _Answering(data)
    kept = [STATE, NONCE, "verifier", "https://city.example/back", "/intern", 2**40]
    cookies = {login._name(STATE): login._sealer.seal(kept)}
    try:
        return at_once(login.arrive({"state": STATE, "code": "abc"}, cookies, NOW))
    except LoginRefused as error:
        orjson.dumps(str(error))
        raise


def _signed(claims: dict[str, Any]) -> dict[str, Any]:
    return {"header": {"alg": "Ed25519", "kid": "ed", "typ": "JWT"}, "claims": claims}


def _said(head: str, body: Any) -> bytes:
    return f"{head}\n\n{json.dumps(body)}".encode()


def parsers() -> Iterator[Parser]:
    """Yield all of them."""
    yield Parser("bearer-token", _token, (InvalidToken,), (json.dumps(_signed(CLAIMS)).encode(),))
    head = "200\ncontent-type: application/json"
    away = (Unavailable,)
    yield Parser("provider-configuration", _configuration, away, (_said(head, CONFIGURATION),))
    yield Parser("provider-keys", _published, away, (_said(head, PUBLISHED),))
    claims = {**CLAIMS, "aud": AUDIENCE, "azp": AUDIENCE, "nonce": NONCE}
    without = {name: told for name, told in claims.items() if name != "realm_access"}
    user = {"sub": "8f1c", "realm_access": {"roles": ["coordinator"]}}
    logins = tuple(
        _said(
            head,
            {
                "tokens": {"access_token": "a", "token_type": "Bearer", "id_token": _signed(each)},
                "user": user,
            },
        )
        for each in (claims, without)
    )
    refused = _said("400", {"error": "invalid_grant", "error_description": "it is over"})
    yield Parser("provider-login", _arrival, (LoginRefused, *away), (*logins, refused))
