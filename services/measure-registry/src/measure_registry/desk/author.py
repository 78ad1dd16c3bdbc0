# SPDX-License-Identifier: EUPL-1.2
"""Who does something, when and why, as it stands in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from measure_registry.domain.roles import SUBMITTER, SYSTEM, Role
from measure_registry.storage.changes import Change, Entity


@dataclass(frozen=True, slots=True)
class Author:
    """A key, a subject or periodic work, in a role; `roles` are all that it may play."""

    name: str
    role: str
    roles: frozenset[Role] = frozenset()

    def acting_as(self, wanted: Sequence[Role]) -> Author:
        """Return the same author in the least of these roles that it may play."""
        fitting = [role for role in Role if role in wanted and role in self.roles]
        return Author(self.name, fitting[0].value, self.roles) if fitting else self


SUBMITTING = Author(SUBMITTER, SUBMITTER)
WORKING = Author(SYSTEM, SYSTEM)
EDITORS = (Role.EDITOR, Role.COORDINATOR)
DECIDING = (Role.COORDINATOR,)
RATERS = (Role.RATER, *EDITORS)


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
        roles: Sequence[Role] = EDITORS,
        moved: tuple[str | None, str | None] = (None, None),
        details: Mapping[str, Any] | None = None,
    ) -> Change:
        """Return it as a line of the history, in the least of these roles."""
        acting = self.author.acting_as(roles)
        return Change(
            entity,
            entity_id,
            self.now,
            acting.name,
            acting.role,
            action,
            moved[0],
            moved[1],
            self.reason,
            details,
        )
