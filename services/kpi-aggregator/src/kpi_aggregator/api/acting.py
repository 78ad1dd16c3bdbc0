# SPDX-License-Identifier: EUPL-1.2
"""Who enters or decides on a value: a person by a pseudonym in the role of their login, or a key."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Scope_

from kpi_aggregator.domain.four_eyes import Hand
from kpi_aggregator.domain.pseudonyms import Pseudonyms
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.http.problem import ValidationFailed

ROLE_NAMES: Mapping[str, Scope] = {"kpi-erfassung": "kpi:write", "kpi-freigabe": "kpi:approve"}
"""What an identity provider may call the roles, if nothing else is configured."""
_PSEUDONYMS: ContextVar[Pseudonyms] = ContextVar("pseudonyms")


def role_of(principal: Principal) -> str:
    """Return the role that a login gives, as it stands beside a value."""
    if principal.may("admin"):
        return "Administration"
    enters, decides = principal.may("kpi:write"), principal.may("kpi:approve")
    if enters and decides:
        return "Erfassung und Freigabe"
    return "Freigabe" if decides else "Erfassung"


class WithPseudonyms:
    """ASGI middleware: each request draws pseudonyms with the secret of its application."""

    def __init__(self, app: ASGIApp, pseudonyms: Pseudonyms) -> None:
        self._app, self._pseudonyms = app, pseudonyms

    async def __call__(self, scope: Scope_, receive: Receive, send: Send) -> None:
        """Answer with the pseudonyms at hand."""
        _PSEUDONYMS.set(self._pseudonyms)
        await self._app(scope, receive, send)


def author_of(principal: Principal) -> str:
    """Return as whom a value is kept that somebody enters: a person by a pseudonym."""
    is_person = principal.kind == "oidc"
    return _PSEUDONYMS.get().of(principal.id) if is_person else str(principal)


def hand_of(principal: Principal, said: str | None, field: str) -> Hand:
    """Return who acts; of a person the login says the role, of a key its holder must.

    Raises ValidationFailed where a key comes without a role.
    """
    if principal.kind == "oidc":
        former = _PSEUDONYMS.get().former(principal.id)
        return Hand(author_of(principal), role_of(principal), former)
    if said is None:
        detail = "must be given with a key, which has no role of its own"
        wrong = {"in": "body", "field": field, "detail": detail, "code": "missing"}
        raise ValidationFailed([wrong])
    return Hand(author_of(principal), said)
