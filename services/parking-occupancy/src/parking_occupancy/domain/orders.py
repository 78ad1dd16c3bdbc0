# SPDX-License-Identifier: EUPL-1.2
"""What operators order: overrides and modes of signs, openings of lots, bays out of service.

An order holds until its end, or until another one takes its place; who gave it and why is the
audit's matter and never stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from stadttakt_messages.states import SiteStatus


class Control(StrEnum):
    """Modes of a sign's controller (sign rule 10)."""

    AUTO = "auto"
    BLANK = "blank"
    FULL = "full"
    CLOSED = "closed"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Limited:
    """Something that holds until a time, or without end."""

    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether it holds at a time."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Planned(Limited):
    """Something that holds from a time, or at once, until a time."""

    begin: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether it holds at a time."""
        return not self.is_coming(now) and Limited.holds(self, now)

    def is_coming(self, now: datetime) -> bool:
        """Return whether it begins later."""
        return self.begin is not None and now < self.begin


@dataclass(frozen=True, slots=True)
class Opening(Limited):
    """A lot is open or closed whatever its opening hours say."""

    closed: bool = False


@dataclass(frozen=True, slots=True)
class Override(Limited):
    """What a sign says by hand (sign rule 8)."""

    state: SiteStatus = SiteStatus.UNKNOWN
    text: str = ""
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """A controller's mode, and what is added to the vacant places before they are shown."""

    control: Control = Control.AUTO
    offset: int = 0


AUTO = Mode()
