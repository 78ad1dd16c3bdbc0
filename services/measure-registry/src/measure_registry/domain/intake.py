# SPDX-License-Identifier: EUPL-1.2
"""When ideas are called for, and how long what identifies a submitter is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Call:
    """A call for ideas; both days belong to it, by the city's clock."""

    call_id: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    opens_on: date
    closes_on: date

    def is_open(self, today: date) -> bool:
        """Tell whether ideas are taken on a day."""
        return self.opens_on <= today <= self.closes_on


@dataclass(frozen=True, slots=True)
class Privacy:
    """Why contact data are kept, by which right, and for how long."""

    purpose: Mapping[str, str]
    legal_basis: str
    days_after_end: int
    days_at_most: int
    draft_days: int
    note: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answers for what is kept of people (Art. 13 (1) a, b and (2) d DSGVO); nothing where the city has not said it."""

    name: str | None = None
    address: str | None = None
    email: str | None = None
    phone: str | None = None
    officer: str | None = None
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """How a city takes ideas; with `needs_call` only while one is open. `bbox`: west, south, east, north."""

    city_name: str
    timezone: str
    bbox: tuple[float, float, float, float]
    calls: tuple[Call, ...]
    privacy: Privacy
    needs_call: bool
    responsible: Responsible = Responsible()
    legal_pages: Mapping[str, str] = field(default_factory=dict)


def open_calls(calls: Sequence[Call], today: date) -> list[Call]:
    """Return the calls that are open on a day, the one that ends first before the others."""
    return sorted((each for each in calls if each.is_open(today)), key=lambda each: each.closes_on)


def last_moments(privacy: Privacy, now: datetime) -> tuple[datetime, datetime]:
    """Return before when an idea must have ended, or come, for its contact data to go now."""
    ended = now - timedelta(days=privacy.days_after_end)
    came = now - timedelta(days=privacy.days_at_most)
    return ended, came
