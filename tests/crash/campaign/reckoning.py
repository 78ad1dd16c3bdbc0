# SPDX-License-Identifier: EUPL-1.2
"""What must be true of the town after these messages: reckoned from what was acknowledged, by nothing of the tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, sqrt
from typing import NamedTuple

from crash.bays import Bay, Word, newest
from crash.campaign.line import DIRECTION, LINE
from crash.campaign.poison import Poison
from crash.campaign.town import (
    BAYS,
    GATE_ERRORS,
    GATED,
    GATED_CAPACITY,
    INSIDE_AT_FIRST,
    SEATS,
    STANDING,
    lot_of,
)
from crash.campaign.traffic import Told
from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.city import City
from vehicle_occupancy.domain.history import History, fold, in_order
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.load.estimate import estimate
from vehicle_occupancy.domain.load.reading import AxleLoad, DoorCount, Passed, Reading
from vehicle_occupancy.domain.reading import Assignment

ROUND_OVER = 1 << 16
"""Where the counter of a gate begins anew."""

WORD_HOLDS = timedelta(minutes=3)
"""A word of a lot or bus holds for two minutes, and one that waited for a broker somewhat longer."""

NINE_OF_TEN = 1.645
"""Standard deviations."""


@dataclass(slots=True)
class Truth:
    """All that was acknowledged so far.

    `doubtful` are identities that a dying broker may have forgotten, until they are found once or the round is
    over; `missing` those that it did forget. `sure` is how often each was acknowledged by who must keep it;
    `most_duplicates` is what the ledger may count at most, where that is known. `settled` are moments at which all
    was right, and when each lot and bus was heard last by then.
    """

    told: dict[str, Told] = field(default_factory=dict)
    poison: dict[str, Poison] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    sure: Counter[str] = field(default_factory=Counter)
    gates_since: datetime | None = None
    most_duplicates: int | None = None
    settled: list[tuple[datetime, Mapping[str, datetime]]] = field(default_factory=list)

    def add(self, messages: Iterable[Told | Poison]) -> None:
        """Take acknowledged messages in; one that was sent again changes nothing, but that it is not forgotten."""
        for message in messages:
            self.missing.discard(message.identity)
            if isinstance(message, Poison):
                self.poison[message.identity] = message
            else:
                self.told[message.event_id] = message

    def doubt(self, identities: Iterable[str]) -> None:
        """Doubt what a dying broker may have forgotten, but nothing that was acknowledged for sure at any time."""
        self.doubtful |= {each for each in identities if not self.sure[each]}

    def settle(self, now: datetime) -> None:
        """End all doubt: what is there must stay, and what is forgotten now may not come back."""
        self.doubtful.clear()
        self.settled.append((now, {**self.heard_at(), **self._buses_heard_at()}))

    def must_be_known(self, of: str, now: datetime) -> datetime | None:
        """Return when something was measured last of a lot or bus that whoever tells of it now must have heard of.

        A word of it may be as old as `WORD_HOLDS`, and then say only what was heard before; none where nobody can tell.
        """
        before = [heard for at, heard in self.settled if at <= now - WORD_HOLDS]
        return before[-1].get(of) if before else None

    def of(self, *kinds: str) -> list[Told]:
        """Return what was told of these kinds, without what the broker forgot."""
        return [
            each
            for each in self.told.values()
            if each.kind in kinds and each.identity not in self.missing
        ]

    def uplinks(self) -> list[Told]:
        """Return what came as an uplink, without what the broker forgot."""
        return [
            each for each in self.told.values() if each.uplink and each.identity not in self.missing
        ]

    def bays(self) -> dict[str, Bay]:
        """Return what each bay must show."""
        return {
            place: newest(Word(each.at, each.event_id, each.says[0]) for each in heard)
            for place, heard in _by_place(self.of("bay")).items()
        }

    def free(self) -> dict[str, int]:
        """Return how many places of each lot are free."""
        return {lot_id: free for lot_id, (free, _) in self.counts().items()}

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return how many places of each lot are free, and how many occupied."""
        found = Counter((lot_of(bay), state) for bay, (state, *_) in self.bays().items())
        inside = self.inside()
        counts = {lot_id: (found[lot_id, "free"], found[lot_id, "occupied"]) for lot_id in BAYS}
        return {**counts, GATED: (GATED_CAPACITY - inside, inside)}

    def heard_at(self) -> dict[str, datetime]:
        """Return when something was measured last of each lot."""
        found: dict[str, datetime] = {}
        for each in self.of("bay", "gate"):
            lot_id = GATED if each.kind == "gate" else lot_of(each.place)
            found[lot_id] = max(each.at, found.get(lot_id, each.at))
        return found

    def _buses_heard_at(self) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for each in self.of("door", "mass"):
            bus = each.place.partition("/")[0]
            found[bus] = max(each.at, found.get(bus, each.at))
        return found

    def past_words(self) -> dict[tuple[str, datetime], bool]:
        """Return what holds of each bay of the past lot in each quarter of an hour that was told: occupied or not."""
        heard: dict[tuple[str, datetime], Told] = {}
        for each in self.of("past"):
            key = (each.place, each.at)
            heard[key] = max(each, heard.get(key, each), key=_when)
        return {key: each.says[0] for key, each in heard.items()}

    def past(self) -> tuple[int, int]:
        """Return in how many quarters of an hour a bay of the past lot was occupied, and in how many it was known."""
        words = self.past_words()
        return sum(words.values()), len(words)

    def passed(self) -> dict[str, tuple[int, int]]:
        """Return how many vehicles passed each gate inwards and outwards since the number inside was set."""
        passed = {}
        for gate, heard in _by_place(self.of("gate")).items():
            before: list[Told] = []
            since: list[Told] = []
            for each in heard:
                is_since = self.gates_since is not None and each.at > self.gates_since
                (since if is_since else before).append(each)
            if heard[0].says[0] == "delta":
                passed[gate] = (
                    sum(each.says[1] for each in since),
                    sum(each.says[2] for each in since),
                )
                continue
            begin, end = max(before, key=_when), max(heard, key=_when)
            passed[gate] = end.says[1] - begin.says[1], end.says[2] - begin.says[2]
        return passed

    def inside(self) -> int:
        """Return how many vehicles are in the lot with gates: the number set, and all who passed since."""
        return INSIDE_AT_FIRST + sum(came - went for came, went in self.passed().values())

    def spread(self) -> int:
        """Return by how many vehicles nine of ten counts like this one are wrong at most, each way.

        Gates miss a share of vehicles and count as many twice: by chance, and some gates more than others.
        """
        chance, shares = 2 * GATE_ERRORS * (1 - GATE_ERRORS), GATE_ERRORS**2
        variance = sum(
            (came + went) * chance + (came**2 + went**2) * shares
            for came, went in self.passed().values()
        )
        return ceil(NINE_OF_TEN * sqrt(variance))


def _when(told: Told) -> tuple[datetime, str]:
    return told.at, told.event_id


def _by_place(told: Iterable[Told]) -> Mapping[str, list[Told]]:
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for each in told:
        found[each.place].append(each)
    return found


class Load(NamedTuple):
    """What the entitled are told of how full a bus is; nothing but the word where nobody knows."""

    load: int | None
    load_min: int | None
    load_max: int | None
    percentage: float | None
    level: str | None
    occupancy_status: str
    confidence: float | None


def loads(truth: Truth, city: City, now: datetime) -> dict[str, tuple[Load, datetime | None]]:
    """Return of each bus load and time: numbers and level of the service's pure filter over what was acknowledged."""
    readings: defaultdict[str, list[Reading]] = defaultdict(list)
    for each in truth.of("door", "mass"):
        bus, _, door = each.place.partition("/")
        readings[bus].append(_reading(each, VehicleId(bus), door or "1"))
    trips = _by_place(truth.of("trip"))
    found = {}
    for bus, heard in readings.items():
        vehicle = city.vehicles[VehicleId(bus)]
        rules, told = vehicle.rules, sorted(trips.get(bus, ()), key=_when)
        heard.extend(Journeys(tuple(map(_assignment, told))).ends(vehicle))
        track = fold(rules, city.levels, History(), in_order(heard)).history.track
        assert track is not None
        load = estimate(rules, track, now, city.levels)
        sure = None if load.confidence is None else round(load.confidence, 2)
        word = Load(
            load.load,
            load.load_min,
            load.load_max,
            None if load.load is None else 100 * load.load / (SEATS + STANDING),
            load.level,
            status_of(load.load),
            sure,
        )
        found[bus] = (word, load.measured_at)
    return found


def status_of(load: int | None) -> str:
    """Return GTFS-Realtime's word for so many in a bus of the town: by free seats, then by who stands."""
    if load is None:
        return "NO_DATA_AVAILABLE"
    words = {
        SEATS // 20: "EMPTY",
        SEATS // 2 - 1: "MANY_SEATS_AVAILABLE",
        SEATS * 9 // 10 - 1: "FEW_SEATS_AVAILABLE",
        SEATS + STANDING * 7 // 10 - 1: "STANDING_ROOM_ONLY",
        SEATS + STANDING - 1: "CRUSHED_STANDING_ROOM_ONLY",
    }
    return next((word for most, word in words.items() if load <= most), "FULL")


def _reading(told: Told, bus: VehicleId, door: str) -> Reading:
    if told.kind == "mass":
        return AxleLoad(told.event_id, bus, told.at, told.says[0])
    mode, inwards, outwards = told.says
    return DoorCount(told.event_id, bus, door, told.at, mode, Passed(inwards, outwards))


def _assignment(told: Told) -> Assignment:
    (call,) = told.says
    return Assignment(
        event_id=told.event_id,
        vehicle_id=VehicleId(told.place),
        observed_at=told.at,
        line=LINE,
        direction=DIRECTION,
        trip_id=call.trip_id,
        start_date=call.start_date,
        stop_id=call.stop_id,
    )
