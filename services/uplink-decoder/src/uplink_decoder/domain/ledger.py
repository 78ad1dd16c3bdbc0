# SPDX-License-Identifier: EUPL-1.2
"""Books of one process: what came in, what became of it, what it still holds, per source and hour.

Receipt, holding and outcome are counted at different places of the code from different lists, so
that a message lost between them shows as a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, Protocol
from weakref import WeakSet

Fate = Literal["stored", "duplicate", "quarantined"]
FATES: tuple[Fate, ...] = ("stored", "duplicate", "quarantined")
KEPT_HOURS = 48
CLASSES = frozenset(
    [
        "up",
        "join",
        "status",
        "log",
        "ack",
        "txack",
        "down",
        "location",
        "integration",
        "service",
        "observation",
    ]
)
OTHER = "other"


class Account(NamedTuple):
    """Whose messages are counted together: a source's of one class."""

    source_id: str
    topic_class: str


class Key(NamedTuple):
    """One line of the ledger; `hour` counts whole hours since the first day of year 1."""

    account: Account
    hour: int


class _Origin(Protocol):
    @property
    def account(self) -> Account: ...


class Entry(Protocol):
    """What a message must tell to be counted."""

    @property
    def origin(self) -> _Origin:
        """Whose it is."""

    @property
    def received_at(self) -> datetime:
        """When it came in, UTC."""


class Line(NamedTuple):
    """The sums of one key; with a gap of zero nothing was lost and nothing invented."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    in_flight: int

    @property
    def gap(self) -> int:
        """Messages received and nowhere accounted for; negative where more came out than in."""
        return self.received - self.stored - self.duplicate - self.quarantined - self.in_flight


class Hold:
    """Messages that somebody holds; lives as long as what it is attached to."""

    __slots__ = ("__weakref__", "counts")

    def __init__(self, counts: Counter[Key]) -> None:
        self.counts = counts


class Posting(NamedTuple):
    """Lines to write with a batch, and what the books take over once that is committed."""

    lines: dict[Key, Line]
    fates: Counter[tuple[Key, Fate]]
    hold: Hold | None


class Ledger:
    """The books of one process since its start; a line's values only ever replace older ones."""

    def __init__(self) -> None:
        self.entered: Counter[str] = Counter()
        """Messages of each source since the start, for who watches the sources."""
        self._received: Counter[Key] = Counter()
        self._fates: Counter[tuple[Key, Fate]] = Counter()
        self._holds: WeakSet[Hold] = WeakSet()
        self._written: dict[Key, Line] = {}
        self._dirty: set[Key] = set()

    def enter(self, messages: Iterable[Entry]) -> None:
        """Count messages as received, where they come in."""
        counts = tally(messages)
        self._received.update(counts)
        self._dirty.update(counts)
        for key, count in counts.items():
            self.entered[key.account.source_id] += count

    def hold(self, messages: Iterable[Entry]) -> Hold:
        """Count messages as in flight until released, settled, or dropped with their holder."""
        hold = Hold(tally(messages))
        self._holds.add(hold)
        return hold

    def release(self, hold: Hold) -> None:
        """Hold these messages no longer, whatever became of them."""
        self._dirty.update(hold.counts)
        self._holds.discard(hold)

    def in_flight(self) -> Counter[Key]:
        """Return what is held now."""
        held: Counter[Key] = Counter()
        for hold in tuple(self._holds):
            held.update(hold.counts)
        return held

    def post(self, fates: Sequence[tuple[Entry, Fate]], hold: Hold | None = None) -> Posting:
        """Return the changed lines as they are once these fates are committed."""
        counts = _tally_fates(fates)
        held = self.in_flight()
        if hold is not None:
            _take(held, _done(counts), hold)
        keys = self._dirty | {key for key, _ in counts}
        lines = {key: self._line(key, counts, held) for key in keys}
        changed = {key: line for key, line in lines.items() if self._written.get(key) != line}
        return Posting(changed, counts, hold)

    def settle(self, posting: Posting) -> None:
        """Take over what was committed."""
        self._fates.update(posting.fates)
        done = _done(posting.fates)
        if posting.hold is not None:
            _take(posting.hold.counts, done, posting.hold)
        self._written.update(posting.lines)
        # What changed while the transaction ran is found again by its difference.
        held = self.in_flight()
        self._dirty = {
            key
            for key in self._dirty | set(done)
            if self._written.get(key) != self._line(key, Counter(), held)
        }

    def review(self, now: datetime) -> None:
        """Look at every line again, since who drops a message tells nobody; forget old hours."""
        held = self.in_flight()
        oldest = _hour(now) - KEPT_HOURS
        for key in [key for key in self._received if key.hour < oldest and not held[key]]:
            del self._received[key]
            for fate in FATES:
                self._fates.pop((key, fate), None)
            self._written.pop(key, None)
            self._dirty.discard(key)
        self._dirty.update(self._received)

    def _line(self, key: Key, more: Counter[tuple[Key, Fate]], held: Counter[Key]) -> Line:
        stored, duplicate, quarantined = (
            self._fates[key, fate] + more[key, fate] for fate in FATES
        )
        return Line(self._received[key], stored, duplicate, quarantined, held[key])


def key_of(account: Account, at: datetime) -> Key:
    """Return the line that a message of an account counts in by its time of receipt (UTC)."""
    return Key(account, _hour(at))


def topic_class(event: str) -> str:
    """Return the class of a message's event; all kinds of downlink news are one."""
    first = event.partition("/")[0]
    return first if first in CLASSES else OTHER


def hour_of(key: Key) -> datetime:
    """Return the beginning of a key's hour."""
    day, hour = divmod(key.hour, 24)
    return datetime.fromordinal(day).replace(tzinfo=UTC) + timedelta(hours=hour)


def tally(messages: Iterable[Entry]) -> Counter[Key]:
    """Return how many messages there are of each source, class and hour of receipt (UTC)."""
    # Plain tuples until they are counted: this runs for every message.
    counts = Counter([(each.origin.account, _hour(each.received_at)) for each in messages])
    return Counter({Key(*pair): count for pair, count in counts.items()})


def _tally_fates(fates: Iterable[tuple[Entry, Fate]]) -> Counter[tuple[Key, Fate]]:
    counts = Counter([(each.origin.account, _hour(each.received_at), fate) for each, fate in fates])
    return Counter(
        {(Key(account, hour), fate): count for (account, hour, fate), count in counts.items()}
    )


def _hour(at: datetime) -> int:
    return at.toordinal() * 24 + at.hour


def _done(counts: Counter[tuple[Key, Fate]]) -> Counter[Key]:
    done: Counter[Key] = Counter()
    for (key, _), count in counts.items():
        done[key] += count
    return done


def _take(counts: Counter[Key], done: Counter[Key], hold: Hold) -> None:
    """Take from `counts` what is done of a hold, which is no more than it holds."""
    for key, count in done.items():
        counts[key] -= min(count, hold.counts[key])
