# SPDX-License-Identifier: EUPL-1.2
"""The closed list of scopes; what each opens is told by the operations that require it."""

from __future__ import annotations

from typing import Final, Literal, get_args

Scope = Literal[
    "admin",
    "codecs:write",
    "deliveries:read",
    "deliveries:write",
    "devices:read",
    "devices:write",
    "kpi:approve",
    "kpi:write",
    "observations:write",
    "parking:operate",
    "quarantine",
    "registry:admin",
    "registry:rate",
    "registry:read",
    "registry:write",
    "replay",
    "transit:read",
    "transit:write",
    "uplinks:read",
]

SCOPES: Final[frozenset[Scope]] = frozenset(get_args(Scope))
ADMIN: Final[Scope] = "admin"
