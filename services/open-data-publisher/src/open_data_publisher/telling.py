# SPDX-License-Identifier: EUPL-1.2
"""What is told of one kind of entity, followed change by change: one that changes costs one, not 20,000."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any, cast

from open_data_publisher.domain.states import Entry, Kind
from open_data_publisher.domain.truth import Published, is_over, told_at
from stadttakt_messages.states import BayState

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NAME_BYTES = 16
_NAMES = 1 << (8 * _NAME_BYTES)
_MOST_ENDS_PER_ENTITY = 4
SET_BACK = timedelta(seconds=30)
"""A moment so much earlier says that the clock was set back; less, that someone took it before others came."""


@dataclass(frozen=True, slots=True)
class _Share:
    """What is told of one entity, and what that adds to the names of everything."""

    published: Published[Any] | None
    standing: int
    live: int
    simulated: bool


class Telling:
    """The entries of one kind, and what may be told of them at a moment that moves on.

    `revision` grows with every change and every end, `standing` with every change of what importers keep. Who asks with a
    moment a little earlier than others did before is told what those were told. Bays follow their `lots`: with them they
    are over, and they hold again.
    """

    def __init__(self, kind: Kind, lots: Telling | None = None) -> None:
        self._kind = kind
        self._lots = lots
        self._lots_over: frozenset[str] = frozenset()
        self._over: set[str] = set()
        self._turns = 0
        self._entries: dict[str, Entry] = {}
        self._shares: dict[str, _Share] = {}
        self._names: dict[tuple[bool, bool], int] = {}
        self._stale: set[str] = set()
        self._ends: list[tuple[datetime, str]] = []
        self._order: list[str] | None = None
        self._all: tuple[Published[Any], ...] | None = None
        self._at = self._rules_since = _LONG_AGO
        self._changes = 0
        self.standing = 0

    @property
    def revision(self) -> int:
        """Return a number that grows with every change and every end."""
        return self._changes + (self._lots.turns if self._lots else 0)

    @property
    def over(self) -> AbstractSet[str]:
        """Return which entities are over, by the moment that was moved to."""
        return self._over

    @property
    def turns(self) -> int:
        """Return a number that grows whenever an entity is over, or is no more."""
        return self._turns

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Return what is known, by id."""
        return self._entries

    def put(self, entity_id: str, entry: Entry | None) -> None:
        """Take what is known of an entity from now on; None where nothing is."""
        before = self._entries.get(entity_id)
        self._changes += 1
        self._stale.add(entity_id)
        if before is None or entry is None:
            self._order = None
        if before is None or entry is None or _mark(before) != _mark(entry):
            self.standing += 1
        if entry is None:
            self._entries.pop(entity_id, None)
            self._holds(entity_id)
            return
        self._entries[entity_id] = entry
        self._holds(entity_id)
        if entry.state.valid_until is not None:
            heappush(self._ends, (entry.state.valid_until, entity_id))

    def follow_rules(self, since: datetime | None) -> None:
        """Tell standing data as made by rules that hold since then: no older version is theirs."""
        found = since or _LONG_AGO
        if found != self._rules_since:
            self._rules_since = found
            self._stale.update(self._entries)
            self._changes += 1
            self.standing += 1

    def move_to(self, now: datetime) -> None:
        """Find what is over by now; a clock that was set back makes everything open again."""
        is_set_back = now < self._at - SET_BACK if self._at > _LONG_AGO else False
        if is_set_back or len(self._ends) > _MOST_ENDS_PER_ENTITY * (len(self._entries) + 1000):
            self._reopen()
        # Feeds must tell of what holds again, though nothing else changed.
        self._changes += is_set_back
        self._at = now if is_set_back else max(now, self._at)
        while self._ends and self._ends[0][0] <= self._at:
            end, entity_id = heappop(self._ends)
            entry = self._entries.get(entity_id)
            if entry is not None and entry.state.valid_until == end:
                self._stale.add(entity_id)
                self._over.add(entity_id)
                self._turns += 1
                self._changes += 1
        self._follow_lots()

    def _holds(self, entity_id: str) -> None:
        if entity_id in self._over:
            self._over.discard(entity_id)
            self._turns += 1

    def _follow_lots(self) -> None:
        if self._lots is None:
            return
        self._lots.move_to(self._at)
        turned = self._lots.over ^ self._lots_over
        if turned:
            self._lots_over = frozenset(self._lots.over)
            self._stale.update(
                key
                for key, each in self._entries.items()
                if isinstance(each.state, BayState) and each.state.lot_id in turned
            )

    def settle(self, most: int | None = None) -> bool:
        """Bring some of what is told to the moment that was moved to; return whether all of it is."""
        for entity_id in list(islice(self._stale, most)):
            self._stale.discard(entity_id)
            self._tell(entity_id, self._at)
        return not self._stale

    def published(self, now: datetime) -> tuple[Published[Any], ...]:
        """Return what may be told at a moment, in the order of the ids."""
        self.move_to(now)
        self.settle()
        if self._order is None:
            self._order, self._all = sorted(self._entries), None
        if self._all is None:
            each = (self._shares[entity_id].published for entity_id in self._order)
            self._all = tuple(published for published in each if published is not None)
        return self._all

    def expires_at(self, now: datetime) -> datetime | None:
        """Return when the next state is over, or a lot of bays."""
        ends = (self._next_end(now), self._lots.expires_at(now) if self._lots else None)
        return min((end for end in ends if end is not None), default=None)

    def _next_end(self, now: datetime) -> datetime | None:
        self.move_to(now)
        while self._ends:
            end, entity_id = self._ends[0]
            entry = self._entries.get(entity_id)
            if entry is not None and entry.state.valid_until == end:
                return end
            heappop(self._ends)
        return None

    def name(self, now: datetime, *, is_static: bool, simulated: bool) -> bytes:
        """Name what is told: the same in every process, another when anything else is told.

        It is the sum of each entity's own name, so that a change is a subtraction and an addition.
        """
        self.move_to(now)
        self.settle()
        return self._names.get((is_static, simulated), 0).to_bytes(_NAME_BYTES, "big")

    def _reopen(self) -> None:
        self._over.clear()
        self._turns += 1
        self._stale.update(self._entries)
        self._ends = [
            (entry.state.valid_until, entity_id)
            for entity_id, entry in self._entries.items()
            if entry.state.valid_until is not None
        ]
        heapify(self._ends)

    def _tell(self, entity_id: str, now: datetime) -> None:
        before, entry = self._shares.pop(entity_id, None), self._entries.get(entity_id)
        if before is not None:
            self._count(before, -1)
        if entry is not None:
            state = told_at(entry.state, now, self._lots_over)
            since = max(entry.static_since, self._rules_since)
            published = None if state is None else Published(cast("Any", state), since)
            share = self._named(entity_id, entry, published, (since, now))
            self._shares[entity_id] = share
            self._count(share, 1)
        self._all = None

    def _named(
        self,
        entity_id: str,
        entry: Entry,
        published: Published[Any] | None,
        times: tuple[datetime, datetime],
    ) -> _Share:
        """Return what is told; `times` are since when its standing data are as they are, and now."""
        since, now = times
        ended = is_over(entry.state, now, self._lots_over)
        simulated = entry.state.simulated
        standing = f"{self._kind}/{entity_id}/{since.timestamp()}/{simulated}"
        live = f"{standing}/{entry.told_at.timestamp()}/{ended}"
        return _Share(published, _number(standing), _number(live), simulated)

    def _count(self, share: _Share, sign: int) -> None:
        for is_static, number in ((True, share.standing), (False, share.live)):
            for simulated in (True, False):
                if simulated or not share.simulated:
                    key = (is_static, simulated)
                    self._names[key] = (self._names.get(key, 0) + sign * number) % _NAMES


def _mark(entry: Entry) -> tuple[datetime, bool]:
    """Return what makes static feeds others: their versions, and whether all of it is real."""
    return entry.static_since, entry.state.simulated


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=_NAME_BYTES).digest(), "big")
