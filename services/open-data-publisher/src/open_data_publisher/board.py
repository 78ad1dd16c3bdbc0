"""What is public now, in memory; the database has the same and what was before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from open_data_publisher.domain.states import KINDS, Change, Entry, Kind, Said
from open_data_publisher.domain.truth import PLACE, AnyState, Published, Truth, standing, truth_at
from stadttakt_messages.states import BayState, LotState, TripState, VehicleState

_TIMES = frozenset({"measured_at", "computed_at", "valid_until"})
_RENEWED = {kind: {*_TIMES, *PLACE} if kind == "vehicle" else set(_TIMES) for kind in KINDS}
"""What may change while the telling stays the same one: times, and where a vehicle is."""


class Board:
    """The newest state of each entity."""

    def __init__(self) -> None:
        self._entries: Mapping[Kind, dict[str, Entry]] = {kind: {} for kind in KINDS}
        self.revisions: dict[Kind, int] = dict.fromkeys(KINDS, 0)

    @property
    def revision(self) -> int:
        """Return a number that grows with every change."""
        return sum(self.revisions.values())

    def load(self, entries: Iterable[tuple[Kind, str, Entry]]) -> None:
        """Take what the database says."""
        for kind, entity_id, entry in entries:
            self._entries[kind][entity_id] = entry
            self.revisions[kind] += 1

    def reckon(self, messages: Iterable[Said], now: datetime) -> list[Change]:
        """Return what messages change, in their order; changes nothing itself."""
        seen: dict[tuple[Kind, str], Entry | None] = {}
        changes: list[Change] = []
        for said in messages:
            key = (said.kind, said.entity_id)
            before = seen.get(key, self._entries[said.kind].get(said.entity_id))
            change = _change(said, before, now)
            if change is not None:
                seen[key] = change.entry
                changes.append(change)
        return _newest(changes)

    def take(self, changes: Iterable[Change]) -> None:
        """Make changes that are committed."""
        for change in changes:
            if change.entry is None:
                self._entries[change.kind].pop(change.entity_id, None)
            else:
                self._entries[change.kind][change.entity_id] = change.entry
            self.revisions[change.kind] += 1

    def drop_trips(self, before: datetime) -> None:
        """Forget trips that were over before a time."""
        trips = self._entries["trip"]
        for trip_key in [key for key, entry in trips.items() if _ended(entry, before)]:
            del trips[trip_key]

    def truth(self, now: datetime, kinds: Collection[Kind] = KINDS) -> Truth:
        """Return what may be told now of some kinds."""
        asked = {kind: self._entries[kind] if kind in kinds else {} for kind in KINDS}
        return make_truth(asked, now)

    def entries(self, kind: Kind) -> Iterable[tuple[str, Entry]]:
        """Return what is known of a kind, by id."""
        return self._entries[kind].items()

    def heard_at(self, kind: Kind) -> datetime | None:
        """Return when anything of a kind was heard last."""
        return max((each.heard_at for each in self._entries[kind].values()), default=None)

    def expires_at(self, now: datetime, kinds: Collection[Kind] = KINDS) -> datetime | None:
        """Return when the next state of some kinds is over."""
        ends = (
            each.state.valid_until
            for kind in kinds
            for each in self._entries[kind].values()
            if each.state.valid_until is not None and each.state.valid_until > now
        )
        return min(ends, default=None)


def make_truth(entries: Mapping[Kind, Mapping[str, Entry]], at: datetime) -> Truth:
    """Return what these entries tell at a moment."""

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
    return state.model_dump(exclude=_RENEWED[kind])


def _newest(changes: list[Change]) -> list[Change]:
    """Return one change an entity: what was superseded in the same moment was never public."""
    by_entity = {(change.kind, change.entity_id): change for change in changes}
    return list(by_entity.values())
