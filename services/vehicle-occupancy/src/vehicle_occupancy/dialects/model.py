# SPDX-License-Identifier: EUPL-1.2
"""What every dialect gives back, and how it says that a message is none of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Literal

from vehicle_occupancy.domain.load.reading import Mode, Quality

Counts = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a source says of its messages; a time without a zone is in `zone`."""

    zone: tzinfo
    mode: Mode = "cumulative"
    byte_order: Literal["little", "big"] = "little"
    vehicle_totals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that a message tells: counts at a door, or radio devices.

    Where the message does not say, `sensor` (who counts), `door` and `at` are None: the topic
    and the moment of receipt say them. `ref` tells several things of a message apart.
    """

    ref: str
    message_id: str | None = None
    sensor: str | None = None
    door: str | None = None
    at: datetime | None = None
    mode: Mode = "delta"
    counts: Counts = field(default_factory=dict)
    quality: Quality = Quality.REGULAR
    wifi: int | None = None
    ble: int | None = None


class UnreadableError(Exception):
    """A message is none of its dialect; `reason` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    def at_door(self, door: str) -> UnreadableError:
        """Return it with the door of which it is."""
        return UnreadableError(self.reason, f"door {door:.40}: {self.detail}")


Dialect = Callable[[bytes, Options], Sequence[Told]]
"""Reads one message; nothing told is no error. Raises UnreadableError."""

CLASSES = {
    "adult": "adult",
    "child": "child",
    "bike": "bike",
    "wheelchair": "wheelchair",
    "pram": "pram",
    "unidentified": "other",
    "other": "other",
}
"""Object classes of VDV 301-2 and ITxPT S02P07, whatever their spelling."""


def class_of(name: str) -> str:
    """Return an object class in the platform's words."""
    found = CLASSES.get(name.strip().lower())
    if found is None:
        raise UnreadableError("wrong_form", f"there is no object class {name!r:.60}")
    return found


def quality_of(name: str) -> Quality:
    """Return a quality in the platform's words."""
    try:
        return Quality(name.strip().lower())
    except ValueError:
        raise UnreadableError("wrong_form", f"there is no quality {name!r:.60}") from None


def worst(qualities: Sequence[Quality]) -> Quality:
    """Return the quality of what has parts of several."""
    for quality in (Quality.SABOTAGE, Quality.DEFECT, Quality.OTHER):
        if quality in qualities:
            return quality
    return Quality.REGULAR


def count_of(text: str | None) -> int:
    """Return a counter's value."""
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
        raise UnreadableError("wrong_form", f"{digits!r:.60} is no counter")
    return int(digits)


def time_of(text: str | None, zone: tzinfo) -> datetime:
    """Return a time (xs:dateTime); one without a zone is in the source's."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise UnreadableError("wrong_form", f"{text!r:.60} is no time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def added(counts: dict[str, tuple[int, int]], name: str, inwards: int, outwards: int) -> None:
    """Add passengers of a class to those that there are."""
    known = counts.get(name, (0, 0))
    counts[name] = (known[0] + inwards, known[1] + outwards)
