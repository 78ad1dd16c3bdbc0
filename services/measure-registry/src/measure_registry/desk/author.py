# SPDX-License-Identifier: EUPL-1.2
"""Who does something, when and why, as it stands in the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from measure_registry.domain.roles import SUBMITTER, SYSTEM, Role
from measure_registry.storage.changes import Change, Entity


@dataclass(frozen=True, slots=True)
class Author:
    """A key, a subject or periodic work, in its role: the highest of a login, which includes the others (`roles`)."""

    name: str
    role: str
    roles: frozenset[Role] = frozenset()


SUBMITTING = Author(SUBMITTER, SUBMITTER)
WORKING = Author(SYSTEM, SYSTEM)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that an author does at a time for a reason."""

    author: Author
    now: datetime
    reason: str | None = None

    def change(
        self,
        entity: Entity,
        entity_id: str,
        action: str,
        *,
        moved: tuple[str | None, str | None] = (None, None),
        details: Mapping[str, Any] | None = None,
    ) -> Change:
        """Return it as a line of the history."""
        return Change(
            entity,
            entity_id,
            self.now,
            self.author.name,
            self.author.role,
            action,
            moved[0],
            moved[1],
            self.reason,
            details,
        )
