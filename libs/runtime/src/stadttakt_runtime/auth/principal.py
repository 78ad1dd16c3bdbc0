# SPDX-License-Identifier: EUPL-1.2
"""The caller as the rest of a service sees it; safe to write into an audit row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stadttakt_runtime.auth.scopes import ADMIN, Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller: an API key by its id, or a token's issuer subject."""

    kind: Literal["api_key", "oidc"]
    id: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Tell whether the caller holds a scope; `admin` holds all."""
        return scope in self.scopes or ADMIN in self.scopes

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
