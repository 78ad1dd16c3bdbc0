# SPDX-License-Identifier: EUPL-1.2
"""When ideas are called for, and how long what identifies a submitter is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

GRACE = timedelta(hours=6)
"""So long after a call's end forms are taken that were begun before it (decision 0125)."""


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

    def ended(self, zone: ZoneInfo) -> datetime:
        """Return when it ends by the city's clock: as its last day does."""
        return datetime.combine(self.closes_on + timedelta(days=1), time(), zone)


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


def calls_taking(intake: Intake, now: datetime, begun: datetime | None = None) -> list[Call]:
    """Return the calls that an idea may answer now, the first one first: those that are open.

    Where none is, those that ended less than GRACE ago, for what was begun while they were open.
    """
    zone = ZoneInfo(intake.timezone)
    if now_open := open_calls(intake.calls, now.astimezone(zone).date()):
        return now_open
    if begun is None:
        return []
    return [
        each
        for each in open_calls(intake.calls, begun.astimezone(zone).date())
        if each.ended(zone) <= now < each.ended(zone) + GRACE
    ]


def is_closed(intake: Intake, now: datetime, begun: datetime | None = None) -> bool:
    """Tell whether nothing is taken now, not even what was begun then."""
    return intake.needs_call and not calls_taking(intake, now, begun)


def last_moments(privacy: Privacy, now: datetime) -> tuple[datetime, datetime]:
    """Return before when an idea must have ended, or come, for its contact data to go now."""
    ended = now - timedelta(days=privacy.days_after_end)
    came = now - timedelta(days=privacy.days_at_most)
    return ended, came
