# SPDX-License-Identifier: EUPL-1.2
"""Bearer tokens of an OpenID provider: signature against its key set, claims, scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from stadttakt_runtime.auth.jwks import KeySource
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import SCOPES, Scope
from stadttakt_runtime.clock import utc_now

# Asymmetric only: with HS256 a published key would be a signing key (RFC 8725, section 3.1).
# Providers still say EdDSA for what RFC 9864 renamed to Ed25519.
ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
LEEWAY_S = 60


class InvalidToken(Exception):  # noqa: N818 (the error code of RFC 6750)
    """The token proves nothing; the reason may be told to whoever sent it."""


@dataclass(frozen=True, slots=True)
class OidcVerifier:
    """Checks tokens of one issuer for one audience."""

    issuer: str
    audience: str
    scope_claim: str
    keys: KeySource

    async def principal(self, token: str) -> Principal:
        """Return the token's subject and those of its scopes that are ours.

        Raises InvalidToken, or Unavailable while the provider's keys cannot be had.
        """
        claims = await self.claims(token)
        return Principal("oidc", claims["sub"], granted_scopes(claims, self.scope_claim))

    async def claims(self, token: str) -> dict[str, Any]:
        """Return what a token says that is signed, of this issuer, for this audience and in its time.

        Raises as `principal` does.
        """
        try:
            claims = await self._signed(token)
            self._check(claims)
        except (JoseError, ValueError) as error:
            raise InvalidToken(_sayable(error)) from error
        except RecursionError as error:
            raise InvalidToken("it is nested too deeply") from error
        return claims

    async def _signed(self, token: str) -> dict[str, Any]:
        """Verify the signature; an unknown key may be a new one, so the set is read again."""
        header: Any = jws.extract_compact(token.encode()).headers()
        if not isinstance(header, dict):
            raise InvalidToken("the header is no object")
        if header.get("alg") not in ALGORITHMS:
            message = _sayable(f"algorithm {header.get('alg')} is not accepted")
            raise InvalidToken(message)
        if "crit" in header:
            # What must be understood and is not makes a token invalid (RFC 7515, section 4.1.11).
            raise InvalidToken("it asks for an extension (crit)")
        if not isinstance(header.get("kid"), str):
            raise InvalidToken("the token names no key (kid)")
        try:
            return jwt.decode(token, await self.keys.current(), ALGORITHMS).claims
        except InvalidKeyIdError:
            return jwt.decode(token, await self.keys.renewed(), ALGORITHMS).claims

    def _check(self, claims: dict[str, Any]) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(utc_now().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        registry.validate(claims)
        subject = claims["sub"]
        if not isinstance(subject, str) or "\0" in subject or subject != _sayable(subject):
            raise InvalidToken("the subject (sub) is no text")


def _sayable(text: object) -> str:
    """Return a text that can be sent and stored: JSON may hold half a pair of surrogates."""
    return str(text).encode(errors="replace").decode()


def granted_scopes(claims: Mapping[str, Any], claim: str) -> frozenset[Scope]:
    """Return our scopes among the words of a claim."""
    return SCOPES.intersection(words_of(claims, claim))


def words_of(claims: Mapping[str, Any], claim: str) -> list[str]:
    """Return the words of a claim: a list, or words in one string (RFC 8693, 4.2).

    `claim` may lead into objects with dots (`realm_access.roles`).
    """
    value: Any = claims.get(claim)
    if value is None:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, str)]
