# SPDX-License-Identifier: EUPL-1.2
"""What is delivered to whom and when: offers, the state of a delivery, when to try again; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Status(StrEnum):
    """Where a delivery stands.

    `partly`: taken, but some of its items were refused. `refused`: refused for its content, and
    one that came later made it needless. `withdrawn`: its offer is no longer declared.
    """

    WAITING = "waiting"
    SENDING = "sending"
    FAILING = "failing"
    DELIVERED = "delivered"
    PARTLY = "partly"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({Status.WAITING, Status.SENDING, Status.FAILING})
TAKEN = frozenset({Status.DELIVERED, Status.PARTLY})
FAILED = frozenset({Status.FAILING, Status.PARTLY, Status.REFUSED})


class Reason(StrEnum):
    """Why something is delivered."""

    CHANGE = "change"
    INTERVAL = "interval"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that a target gets, at `path` below the target's address."""

    feed_id: str
    path: str
    is_static: bool
    at_least_every: timedelta
    at_most_every: timedelta


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest delivery of an offer; `content` names what it told."""

    content: bytes | None
    queued_at: datetime
    sent_at: datetime | None
    status: Status

    @property
    def is_open(self) -> bool:
        """Whether it is still to be delivered."""
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class Delivery:
    """One open delivery as the courier takes it up; without `sha256` it has no payload yet."""

    delivery_id: UUID
    feed_id: str
    is_static: bool
    attempts: int
    sha256: bytes | None
    has_successor: bool


@dataclass(frozen=True, slots=True)
class Payload:
    """A feed's bytes at a moment; `content` names what it tells, whatever the clock says."""

    sha256: bytes
    media_type: str
    body_bytes: int
    zipped: bytes
    content: bytes
    simulated: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt; `error` is a stable word, `text` what the receiver or we say.

    Without `http_status` nothing was answered. `wait` is for how long the receiver wants none.
    """

    http_status: int | None
    error: str | None
    text: str
    wait: timedelta | None = None


@dataclass(slots=True)
class FirstVersion:
    """A static feed that was never delivered, until it stands still.

    A city arrives lot by lot when its services start together, and each would be a version of its own.
    """

    content: bytes
    since: datetime

    def stands_still(self, content: bytes, now: datetime) -> bool:
        """Take note of what the feed tells now; return whether it told the same for long enough."""
        if content != self.content:
            self.content, self.since = content, now
        return now - self.since >= STANDS_STILL


STANDS_STILL = timedelta(seconds=5)
FOR_THE_CONTENT = frozenset({400, 413, 415, 422})
"""Statuses that blame what was sent; the same again will be refused again."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
LONGEST_WAIT = timedelta(hours=1)


def due(
    offer: Offer, latest: Latest | None, content: Callable[[], bytes], now: datetime
) -> Reason | None:
    """Tell why an offer is to be delivered now, if it is; `content` is asked only where it decides.

    A live offer has one open delivery at most, which takes the newest state along when it goes; each
    version of a static one is a delivery of its own.
    """
    if latest is None:
        return Reason.CHANGE
    if latest.is_open and (latest.content is None or not offer.is_static):
        return None
    told_since = now - (latest.sent_at or latest.queued_at)
    if not latest.is_open and told_since >= offer.at_least_every:
        return Reason.INTERVAL
    if told_since >= offer.at_most_every and latest.content != content():
        return Reason.CHANGE
    return None


def outcome(delivery: Delivery, answer: Answer) -> Status:
    """Return where a delivery stands after an attempt."""
    if answer.error == "items_refused":
        return Status.PARTLY
    if answer.error is None:
        return Status.DELIVERED
    if delivery.is_static and delivery.has_successor and answer.http_status in FOR_THE_CONTENT:
        return Status.REFUSED
    return Status.FAILING


def pause(attempts: int, answer: Answer, chance: float) -> timedelta:
    """Return how long to wait after a failed attempt; `chance` in 0 to 1 spreads it by half.

    Doubled from five seconds to a quarter of an hour; longer where the receiver says so.
    """
    doubled = FIRST_PAUSE * float(2 ** min(attempts - 1, 20))
    pause = min(doubled, LONGEST_PAUSE) * (0.5 + chance / 2)
    asked = min(answer.wait or timedelta(), LONGEST_WAIT)
    return max(pause, asked)
