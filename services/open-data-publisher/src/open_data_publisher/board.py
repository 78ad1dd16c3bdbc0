# SPDX-License-Identifier: EUPL-1.2
"""What is public now, in memory; the database has the same and what was before."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from open_data_publisher.domain.states import KINDS, Change, Entry, Kind, Said, StandingMarks
from open_data_publisher.domain.truth import (
    PLACE,
    STANDING_FIELDS,
    AnyState,
    Published,
    Truth,
    is_over,
    standing,
    truth_at,
)
from open_data_publisher.telling import Telling
from stadttakt_messages.states import BayState, LotState, TripState, VehicleState

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
AT_ONCE = 500
"""How many entities are looked at before others have their turn: some milliseconds."""

_TIMES = frozenset({"measured_at", "computed_at", "valid_until"})
_RENEWED = {kind: {*_TIMES, *PLACE} if kind == "vehicle" else set(_TIMES) for kind in KINDS}
"""What may change while the telling stays the same one: times, and where a vehicle is."""


class Board:
    """The newest state of each entity."""

    def __init__(self) -> None:
        lots = Telling("lot")
        self._tellings: Mapping[Kind, Telling] = {
            "lot": lots,
            "bay": Telling("bay", lots),
            "vehicle": Telling("vehicle"),
            "trip": Telling("trip"),
        }
        self.marks = StandingMarks()
        self._latest_told_at = _LONG_AGO

    @property
    def revisions(self) -> dict[Kind, int]:
        """Return a number for each kind that grows with every change."""
        return {kind: telling.revision for kind, telling in self._tellings.items()}

    def entries(self) -> Iterator[tuple[Kind, str, Entry]]:
        """Yield all that is known."""
        for kind, telling in self._tellings.items():
            for entity_id, entry in telling.entries.items():
                yield kind, entity_id, entry

    def standing(self, kinds: Iterable[Kind]) -> tuple[int, ...]:
        """Return what is another one when standing data of some kinds are."""
        return tuple(self._tellings[kind].standing for kind in kinds)

    def load(self, entries: Iterable[tuple[Kind, str, Entry]]) -> None:
        """Take what the database says."""
        for kind, entity_id, entry in entries:
            self._tellings[kind].put(entity_id, entry)
            self._latest_told_at = max(self._latest_told_at, entry.told_at)

    def replace(self, entries: Iterable[tuple[Kind, str, Entry]]) -> None:
        """Know these entries and no others."""
        given = {(kind, entity_id): entry for kind, entity_id, entry in entries}
        for kind, telling in self._tellings.items():
            for entity_id in [each for each in telling.entries if (kind, each) not in given]:
                telling.put(entity_id, None)
        self.load((*key, entry) for key, entry in given.items())

    def mark(self, marks: StandingMarks) -> None:
        """Take since when the rules of static feeds hold, and when anything of them was withdrawn last."""
        self.marks = marks
        for kind in STANDING_FIELDS:
            self._tellings[cast("Kind", kind)].follow_rules(marks.rules_since)

    def reckon(self, messages: Iterable[Said], now: datetime) -> list[Change]:
        """Return what messages change, in their order; changes nothing itself."""
        seen: dict[tuple[Kind, str], Entry | None] = {}
        changes: list[Change] = []
        for said in messages:
            key = (said.kind, said.entity_id)
            before = seen.get(key, self._tellings[said.kind].entries.get(said.entity_id))
            change = _change(said, before, now)
            if change is not None:
                seen[key] = change.entry
                changes.append(change)
        return _newest([*self._told_again(changes, now), *changes])

    def _told_again(self, changes: Iterable[Change], now: datetime) -> Iterator[Change]:
        """Yield the bays of lots that were over and come back: a telling of their own, so that the silence stays visible."""
        lots = self._tellings["lot"].entries
        back = {
            change.entity_id
            for change in changes
            if change.kind == "lot"
            and change.entry is not None
            and (before := lots.get(change.entity_id)) is not None
            and is_over(before.state, now)
        }
        bays = self._tellings["bay"].entries.items() if back else ()
        for bay_id, entry in bays:
            if cast("BayState", entry.state).lot_id in back and not is_over(entry.state, now):
                yield Change("bay", bay_id, replace(entry, told_at=now), now)

    def is_told_ahead(self, now: datetime) -> bool:
        """Tell whether something may have been told at a time that is still to come."""
        return self._latest_told_at > now

    def told_after(self, moment: datetime) -> list[tuple[Kind, str]]:
        """Return what has a time after a moment, by a clock that was ahead, for the caller to tell anew."""
        self._latest_told_at = moment
        return [(kind, each) for kind, each, entry in self.entries() if entry.newest > moment]

    def told_anew(self, keys: Iterable[tuple[Kind, str]], now: datetime) -> list[Change]:
        """Return some entities told anew as of now, those that are still on the board."""
        entries = ((*key, self._tellings[key[0]].entries.get(key[1])) for key in keys)
        return [
            Change(kind, entity_id, entry.told_anew(now), now)
            for kind, entity_id, entry in entries
            if entry is not None
        ]

    def take(self, changes: Iterable[Change]) -> None:
        """Make changes that are committed."""
        for change in changes:
            self._latest_told_at = max(self._latest_told_at, change.told_at)
            self._tellings[change.kind].put(change.entity_id, change.entry)
            if change.entry is None and change.kind in STANDING_FIELDS:
                self.marks = self.marks.withdrawn(change.told_at)

    def drop_trips(self, before: datetime) -> None:
        """Forget trips that were over before a time."""
        trips = self._tellings["trip"]
        for trip_key in [key for key, entry in trips.entries.items() if _ended(entry, before)]:
            trips.put(trip_key, None)

    def move_to(self, now: datetime) -> None:
        """Find what is over by now, or holds again where the clock was set back; `revisions` tell of both."""
        for telling in self._tellings.values():
            telling.move_to(now)

    async def settle(self, now: datetime, kinds: Collection[Kind] = KINDS) -> None:
        """Prepare what `truth` will tell, giving others their turn: after a silence all is another."""
        for kind in kinds:
            # Moved to once: others may move on meanwhile, and are not brought back at each turn.
            self._tellings[kind].move_to(now)
            is_settled = False
            while not is_settled:
                is_settled = self._tellings[kind].settle(AT_ONCE)
                await asyncio.sleep(0)

    def truth(self, now: datetime, kinds: Collection[Kind] = KINDS) -> Truth:
        """Return what may be told now of some kinds."""

        def told(kind: Kind) -> tuple[Published[Any], ...]:
            return self._tellings[kind].published(now) if kind in kinds else ()

        parts = (told("lot"), told("bay"), told("vehicle"), told("trip"))
        return Truth(now, *parts, self.marks.withdrawn_at)

    def name(self, kind: Kind, now: datetime, *, is_static: bool, simulated: bool) -> bytes:
        """Name what is told of a kind: the same name while the same is told."""
        return self._tellings[kind].name(now, is_static=is_static, simulated=simulated)

    def heard_at(self, kind: Kind) -> datetime | None:
        """Return when anything of a kind was heard last."""
        return max((e.heard_at for e in self._tellings[kind].entries.values()), default=None)

    def expires_at(self, now: datetime, kinds: Collection[Kind] = KINDS) -> datetime | None:
        """Return when the next state of some kinds is over."""
        ends = (self._tellings[kind].expires_at(now) for kind in kinds)
        return min((end for end in ends if end is not None), default=None)


def make_truth(entries: Mapping[Kind, Mapping[str, Entry]], at: datetime) -> Truth:
    """Return what these entries tell at a moment, by the rules of today; their versions are those of then."""

    def published(kind: Kind) -> list[Published[Any]]:
        return [Published(e.state, e.static_since) for _, e in sorted(entries[kind].items())]

    return truth_at(
        at,
        cast("list[Published[LotState]]", published("lot")),
        cast("list[Published[BayState]]", published("bay")),
        cast("list[Published[VehicleState]]", published("vehicle")),
        cast("list[Published[TripState]]", published("trip")),
    )


def _ended(entry: Entry, before: datetime) -> bool:
    return entry.state.valid_until is not None and entry.state.valid_until < before


def _change(said: Said, before: Entry | None, now: datetime) -> Change | None:
    if said.state is None:
        return None if before is None else Change(said.kind, said.entity_id, None, now)
    if before is None:
        entry = Entry(said.state, now, now, now)
        return Change(said.kind, said.entity_id, entry, now)
    same_standing = standing(before.state) == standing(said.state)
    static_since = before.static_since if same_standing else now
    held_until = before.state.valid_until
    is_renewal = _content(said.kind, before.state) == _content(said.kind, said.state) and (
        held_until is None or held_until >= now
    )
    told_at = before.told_at if is_renewal else now
    entry = Entry(said.state, static_since, told_at, now)
    return Change(said.kind, said.entity_id, entry, told_at)


def _content(kind: Kind, state: AnyState) -> dict[str, Any]:
    return {name: value for name, value in vars(state).items() if name not in _RENEWED[kind]}


def _newest(changes: list[Change]) -> list[Change]:
    """Return one change an entity: what was superseded in the same moment was never public."""
    by_entity = {(change.kind, change.entity_id): change for change in changes}
    return list(by_entity.values())
