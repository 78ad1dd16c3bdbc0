# SPDX-License-Identifier: EUPL-1.2
"""An idea as the registry keeps it, without anything that tells who submitted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from measure_registry.domain.criteria import Priority
from measure_registry.domain.steckbrief import Steckbrief

Channel = Literal["web", "api", "paper", "import", "split"]


@dataclass(frozen=True, slots=True)
class Idea:
    """What somebody submitted, and where it stands; `version` counts its changes.

    `disputed` is the number of criteria of which raters contradict each other.
    """

    idea_id: str
    number: int
    version: int
    steckbrief: Steckbrief
    state: str
    state_since: datetime
    submitted_at: datetime
    changed_at: datetime
    channel: Channel
    pseudonym: str
    call_id: str | None
    priority: Priority | None
    published_at: datetime | None
    merged_into: str | None
    disputed: int = 0
    split_at: datetime | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it goes on in others, merged into one or split into parts, and nothing more is done with it."""
        return self.merged_into is not None or self.split_at is not None

    @property
    def is_public(self) -> bool:
        """Whether moderation has let everybody see it."""
        return self.published_at is not None
