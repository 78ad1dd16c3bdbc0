# SPDX-License-Identifier: EUPL-1.2
"""A sensor that changes its mind more often than vehicles come and go; from what it said lately."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

MOST_REMEMBERED = 64


class Said(NamedTuple):
    """What a sensor said, free or occupied; ordered as observations are."""

    at: datetime
    event_id: str
    reading: str


@dataclass(frozen=True, slots=True)
class FlappingRule:
    """So many changes within a time are no vehicles; believed again after a calm time."""

    changes: int
    within: timedelta
    calm: timedelta

    @property
    def remembered(self) -> timedelta:
        """Return how long before the newest observation others matter."""
        return self.within + self.calm


class Spell(NamedTuple):
    """A sensor flaps since a time, until a time if it changes no more."""

    since: datetime
    until: datetime


def remember(said: Iterable[Said], window: timedelta) -> tuple[Said, ...]:
    """Return the newest of what was said, in order, each once: the same for any order of arrival.

    What is left out once would be left out for ever, since the newest only moves forward.
    """
    ordered = sorted(set(said))[-MOST_REMEMBERED:]
    return tuple(each for each in ordered if each.at > ordered[-1].at - window)


def spell(rule: FlappingRule, recent: Iterable[Said]) -> Spell | None:
    """Return the flapping that the newest change belongs to, if it does."""
    found: Spell | None = None
    changes: list[datetime] = []
    before: Said | None = None
    for said in recent:
        if before is not None and said.reading != before.reading:
            if found is not None:
                found = Spell(found.since, said.at + rule.calm) if said.at < found.until else None
            changes = [*(at for at in changes if at > said.at - rule.within), said.at]
            if found is None and len(changes) >= rule.changes:
                found = Spell(said.at, said.at + rule.calm)
        before = said
    return found
