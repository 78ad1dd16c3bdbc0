# SPDX-License-Identifier: EUPL-1.2
"""Who of the city's staff calls, and in which roles: from the scopes of a key or token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends

from measure_registry.desk.author import Author
from measure_registry.domain.roles import INCLUDED, Role
from stadttakt_runtime.auth.authenticator import ScopeMissing, Unauthenticated
from stadttakt_runtime.auth.dependencies import OptionalPrincipal
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.scopes import Scope

SCOPES: Mapping[Role, Scope] = {
    Role.READER: "registry:read",
    Role.RATER: "registry:rate",
    Role.EDITOR: "registry:write",
    Role.COORDINATOR: "registry:admin",
}
ROLE_NAMES: Mapping[str, Scope] = {role.value: scope for role, scope in SCOPES.items()}
"""What an identity provider may call the roles, if nothing else is configured."""


def author_of(principal: Principal) -> Author | None:
    """Return the caller with all roles of its scopes; nothing for who has none here."""
    held = [role for role, scope in SCOPES.items() if principal.may(scope)]
    if not held:
        return None
    roles = frozenset[Role]().union(*(INCLUDED[role] for role in held))
    return Author(str(principal), held[-1].value, roles)


async def _staff(principal: OptionalPrincipal) -> Author | None:
    return None if principal is None else author_of(principal)


OptionalStaff = Annotated[Author | None, Depends(_staff)]
"""Staff where somebody with a role calls; everybody else sees what is public."""


def as_role(role: Role) -> Any:
    """Return the dependency that lets only callers of a role pass, as their author."""

    async def check(principal: OptionalPrincipal) -> Author:
        if principal is None:
            raise Unauthenticated("send Authorization: Bearer <API key or token>")
        author = author_of(principal)
        if author is None or role not in author.roles:
            raise ScopeMissing(SCOPES[role])
        return author

    return Depends(check)


Reader = Annotated[Author, as_role(Role.READER)]
Rater = Annotated[Author, as_role(Role.RATER)]
Editor = Annotated[Author, as_role(Role.EDITOR)]
Coordinator = Annotated[Author, as_role(Role.COORDINATOR)]
