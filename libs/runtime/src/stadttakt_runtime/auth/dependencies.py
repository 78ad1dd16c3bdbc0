# SPDX-License-Identifier: EUPL-1.2
"""What an endpoint declares: `require(scope)`, or `OptionalPrincipal` where more is shown to some."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from stadttakt_runtime.auth.authenticator import Authenticator, ScopeMissing, Unauthenticated
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.http.problem import Unavailable

_bearer = HTTPBearer(
    auto_error=False, scheme_name="bearer", description="An API key or an OIDC access token"
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def require(scope: Scope) -> Any:
    """Return the dependency that lets only callers with a scope pass.

    Either `principal: Annotated[Principal, require("devices:write")]` or, in a router,
    `dependencies=[require("devices:read")]`.
    """
    return Security(authorise, scopes=[scope])


async def authorise(
    request: Request, credentials: Credentials, needed: SecurityScopes
) -> Principal:
    """Return the caller, who holds the needed scopes; the dependency behind `require`.

    Raises:
        Unauthenticated: nobody, or nobody we know.
        ScopeMissing: known, but not allowed.

    """
    if credentials is None:
        raise Unauthenticated("send Authorization: Bearer <API key or token>")
    principal = await _authenticator(request).principal(credentials.credentials)
    for scope in cast("list[Scope]", needed.scopes):
        if not principal.may(scope):
            raise ScopeMissing(scope)
    return principal


async def _identified(request: Request, credentials: Credentials) -> Principal | None:
    """Return the caller where one presents a key; a wrong key is an error, none is not."""
    if credentials is None:
        return None
    return await _authenticator(request).principal(credentials.credentials)


OptionalPrincipal = Annotated[Principal | None, Depends(_identified)]
OPEN: dict[str, Any] = {"security": [{}]}
"""A key is of use here, and none is needed: `openapi_extra` of such an endpoint."""


def _authenticator(request: Request) -> Authenticator:
    authenticator: Authenticator | None = getattr(request.app.state, "authenticator", None)
    if authenticator is None:
        raise Unavailable("keys cannot be checked yet")
    return authenticator
