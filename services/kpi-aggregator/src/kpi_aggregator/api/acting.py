# SPDX-License-Identifier: EUPL-1.2
"""Who enters or decides on a value: a person by a pseudonym in the role of their login, or a key."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from kpi_aggregator.domain.four_eyes import Hand
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.http.problem import ValidationFailed

ROLE_NAMES: Mapping[str, Scope] = {"kpi-erfassung": "kpi:write", "kpi-freigabe": "kpi:approve"}
"""What an identity provider may call the roles, if nothing else is configured."""
PSEUDONYM_LETTERS = 32


def role_of(principal: Principal) -> str:
    """Return the role that a login gives, as it stands beside a value."""
    if principal.may("admin"):
        return "Administration"
    enters, decides = principal.may("kpi:write"), principal.may("kpi:approve")
    if enters and decides:
        return "Erfassung und Freigabe"
    return "Freigabe" if decides else "Erfassung"


def pseudonym_of(principal: Principal) -> str:
    """Return by what a person is told from others, and by nothing else: subjects may be addresses."""
    digest = sha256(f"stadttakt kpi\0{principal.id}".encode()).hexdigest()
    return f"{principal.kind}:{digest[:PSEUDONYM_LETTERS]}"


def author_of(principal: Principal) -> str:
    """Return as whom a value is kept that somebody enters."""
    return pseudonym_of(principal) if principal.kind == "oidc" else str(principal)


def hand_of(principal: Principal, said: str | None, field: str) -> Hand:
    """Return who acts; of a person the login says the role, of a key its holder must.

    Raises ValidationFailed where a key comes without a role.
    """
    if principal.kind == "oidc":
        return Hand(author_of(principal), role_of(principal), former=str(principal))
    if said is None:
        detail = "must be given with a key, which has no role of its own"
        wrong = {"in": "body", "field": field, "detail": detail, "code": "missing"}
        raise ValidationFailed([wrong])
    return Hand(author_of(principal), said)
