# SPDX-License-Identifier: EUPL-1.2
"""Turns the Authorization header into a principal."""

from __future__ import annotations

from dataclasses import dataclass

from stadttakt_runtime.auth.api_key import PREFIX, parse
from stadttakt_runtime.auth.jwks import KeySource
from stadttakt_runtime.auth.key_cache import KeyCache
from stadttakt_runtime.auth.oidc import InvalidToken, OidcVerifier
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Problem
from stadttakt_runtime.settings import ServiceSettings

MAX_TOKEN_BYTES = 8_192


class Unauthenticated(Problem):
    """Nobody, or nobody we know (RFC 6750, section 3)."""

    status, code, title = 401, "unauthenticated", "Authentication needed"

    def __init__(self, detail: str, *, challenge: str = "") -> None:
        super().__init__(
            detail, headers={"www-authenticate": f'Bearer realm="stadttakt"{challenge}'}
        )


class ScopeMissing(Problem):
    """Known, but not allowed."""

    status, code, title = 403, "insufficient_scope", "Not allowed"

    def __init__(self, scope: Scope) -> None:
        challenge = f'Bearer realm="stadttakt", error="insufficient_scope", scope="{scope}"'
        super().__init__(
            f"this needs the scope {scope}", scope=scope, headers={"www-authenticate": challenge}
        )


@dataclass(frozen=True, slots=True)
class Authenticator:
    """API keys always, tokens where an issuer is configured."""

    keys: KeyCache
    oidc: OidcVerifier | None

    @classmethod
    def of(cls, database: Database, settings: ServiceSettings) -> Authenticator:
        """Build it from a service's settings."""
        return cls(KeyCache(database), _verifier(settings))

    async def principal(self, token: str) -> Principal:
        """Return whose key or token this is; raises Unauthenticated."""
        principal = None
        if token.startswith(PREFIX):
            key = parse(token)
            principal = await self.keys.principal(key) if key else None
        elif self.oidc is not None and len(token) <= MAX_TOKEN_BYTES:
            principal = await self._oidc_principal(self.oidc, token)
        if principal is None:
            raise _invalid("the key or token is not valid")
        return principal

    async def _oidc_principal(self, oidc: OidcVerifier, token: str) -> Principal:
        try:
            return await oidc.principal(token)
        except InvalidToken as error:
            raise _invalid(f"the token is not valid: {error}") from error


def _invalid(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, challenge=', error="invalid_token"')


def _verifier(settings: ServiceSettings) -> OidcVerifier | None:
    if not (settings.oidc_issuer and settings.oidc_audience and settings.oidc_jwks_url):
        return None
    return OidcVerifier(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        scope_claim=settings.oidc_scope_claim,
        keys=KeySource(settings.oidc_jwks_url),
    )
