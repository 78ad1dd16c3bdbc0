# SPDX-License-Identifier: EUPL-1.2
"""Who may do what in the registry, from reading to deciding."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """A part that somebody plays; the later ones may do what the earlier ones may."""

    READER = "reader"
    RATER = "rater"
    EDITOR = "editor"
    COORDINATOR = "coordinator"


SUBMITTER = "submitter"
"""The author role of who handed an idea in."""
SYSTEM = "system"
"""The author role of periodic work and of commands."""

_ORDER = tuple(Role)
INCLUDED: Mapping[Role, frozenset[Role]] = MappingProxyType(
    {role: frozenset(_ORDER[: number + 1]) for number, role in enumerate(_ORDER)}
)
"""The roles that a role includes, itself among them."""
