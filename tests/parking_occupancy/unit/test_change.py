# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.change import Change, Due, Situation, Stored, decide
from parking_occupancy.domain.city import City
from parking_occupancy.domain.deadlines import Deadlines
from parking_occupancy.domain.sensors import history_needed_from
from parking_occupancy.domain.track import Observation, Reading
from parking_occupancy.domain.validity import next_look
from stadttakt_messages.base import BayId, LotId, SignId
from stadttakt_messages.states import BayStatus, SiteStatus

from .building import LOT, T0, at, make_bay, make_lot, make_sign, seen

OTHER = LotId("ausweich")
CITY = City.of(
    bays=[make_bay(n) for n in range(1, 5)] + [make_bay(n, lot=OTHER) for n in range(1, 3)],
    lots=[make_lot(4, alternatives=(OTHER,)), make_lot(2, lot=OTHER)],
    signs=[make_sign(min_dwell_s=0), make_sign(lot=OTHER, min_dwell_s=0)],
)
EVERYTHING = Due(frozenset(CITY.bays), frozenset(CITY.lots), frozenset(CITY.signs))


@dataclass
class Memory:
    """What the service holds: the situation and all events."""

    city: City = CITY
    situation: Situation = field(default_factory=lambda: Situation({}, {}, {}, {}))
    events: list[Observation] = field(default_factory=list)

    def step(
        self, now: datetime, heard: Sequence[Observation] = (), due: Due | None = None
    ) -> Change:
        by_bay: dict[BayId, list[Observation]] = {}
        for observation in heard:
            by_bay.setdefault(observation.bay_id, []).append(observation)
        self.events += heard
        history = {
            bay_id: [e for e in self.events if e.bay_id == bay_id and e.observed_at >= since]
            for bay_id, observations in by_bay.items()
            if (since := history_needed_from(self.situation.tracks.get(bay_id), observations))
        }
        change = decide(
            self.city,
            self.situation,
            by_bay,
            due=due or Due(),
            now=now,
            stored=Stored(history or {}),
        )
        before = self.situation
        self.situation = Situation(
            {
                bay_id: track
                for bay_id, track in {**before.tracks, **change.tracks}.items()
                if track is not None
            },
            {**before.bays, **change.bays},
            {**before.lots, **change.lots},
            {**before.signs, **change.signs},
        )
        return change


def started() -> Memory:
    memory = Memory()
    memory.step(T0, due=EVERYTHING)
    return memory


def everywhere(seconds: float, reading: str, bays: Sequence[BayId]) -> list[Observation]:
    return [seen(seconds, reading, bay=bay, event=f"{bay}-{seconds}") for bay in bays]


def test_only_what_changed_is_shown_anew() -> None:
    memory = started()
    memory.step(at(1), everywhere(1, "free", list(CITY.bays)))
    change = memory.step(at(2), [seen(2, "occupied")])
    assert (set(change.bays), set(change.lots), set(change.signs)) == (
        {"platz-1"},
        {"platz"},
        {"platz-einfahrt"},
    )


def test_a_heartbeat_is_news_of_the_bay_only() -> None:
    memory = started()
    memory.step(at(1), everywhere(1, "free", list(CITY.bays)))
    change = memory.step(at(2), [seen(2, "free")])
    assert (set(change.bays), change.lots, change.signs) == ({"platz-1"}, {}, {})


def test_a_duplicate_changes_nothing() -> None:
    memory = started()
    memory.step(at(1), [seen(1, "free")])
    assert not memory.step(at(2), [seen(1, "free")])


def test_sign_of_a_full_lot_follows_the_alternative() -> None:
    memory, own = started(), CITY.bays_of[LOT]
    other = CITY.bays_of[OTHER]
    memory.step(at(1), everywhere(1, "occupied", own) + everywhere(1, "free", other))
    sign = SignId("platz-einfahrt")
    assert _named(memory, sign) == (OTHER, SiteStatus.FREE, 2)
    change = memory.step(at(2), everywhere(2, "occupied", other[:1]))
    assert sign in change.signs
    assert _named(memory, sign) == (OTHER, SiteStatus.FREE, 1)
    memory.step(at(3), everywhere(3, "occupied", other))
    assert _named(memory, sign) is None


def _named(memory: Memory, sign: SignId) -> tuple[LotId, SiteStatus, int | None] | None:
    named = memory.situation.signs[sign].alternative
    return (named.lot_id, named.state, named.free) if named else None


def test_silence_alone_takes_the_number_from_the_sign() -> None:
    memory = started()
    memory.step(at(1), everywhere(1, "free", list(CITY.bays)))
    change = memory.step(at(3601), due=Due(bays=frozenset(CITY.bays_of[LOT])))
    assert {report.state for report in change.bays.values()} == {BayStatus.UNKNOWN}
    assert change.signs[SignId("platz-einfahrt")].state is SiteStatus.UNKNOWN


def test_a_lot_is_counted_from_bays_as_they_are_now_even_if_none_was_due() -> None:
    memory = started()
    memory.step(at(1), everywhere(1, "free", CITY.bays_of[LOT]))
    change = memory.step(at(3700), [seen(3700, "free")])
    assert change.lots[LOT].tally.unknown == 3
    assert len(change.bays) == 4


def test_an_answer_of_equal_content_is_shortened_when_silence_comes_sooner() -> None:
    city = City.of(
        [make_bay(n) for n in range(1, 5)], [make_lot(4, unknown_limit=0.5)], [make_sign()]
    )
    memory, own = Memory(city), city.bays_of[LOT]
    memory.step(at(1), [*everywhere(1, "free", own[:3]), seen(1, "occupied", bay=own[3])])
    memory.step(at(3500), everywhere(3500, "free", own[:3]))
    sign = SignId("platz-einfahrt")
    assert memory.situation.signs[sign].valid_until == at(3620)
    memory.step(at(3510), [seen(3510, "occupied", bay=own[0]), seen(5, "free", bay=own[3])])
    assert (memory.situation.signs[sign].free, memory.situation.signs[sign].valid_until) == (
        3,
        at(3605),
    )


def _content(memory: Memory) -> list[object]:
    """What is said of bays; until when it holds is told anew only when that draws near."""
    bays = [bay for _, bay in sorted(memory.situation.bays.items())]
    return [bay._replace(valid_until=T0, silent_at=None) for bay in bays]


readings = st.builds(
    Observation,
    event_id=st.sampled_from("abcdef"),
    bay_id=st.sampled_from(CITY.bays_of[LOT]),
    observed_at=st.integers(1, 20).map(at),
    reading=st.sampled_from(Reading),
    simulated=st.booleans(),
)
streams = st.lists(readings, max_size=20, unique_by=lambda each: (each.key, each.bay_id))


@given(streams, st.data())
def test_any_order_and_duplication_end_in_the_same_bays_and_lots(
    stream: list[Observation], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(stream), max_size=5)) if stream else []
    shuffled = data.draw(st.permutations(stream + repeated))
    size = data.draw(st.integers(1, 7))
    one, other = started(), started()
    one.step(at(30), stream)
    for start in range(0, len(shuffled), size):
        other.step(at(30), shuffled[start : start + size])
    assert one.situation.tracks == other.situation.tracks
    assert _content(one) == _content(other)
    lots = [(m.situation.lots[LOT].by_kind, m.situation.lots[LOT].free_min) for m in (one, other)]
    assert lots[0] == lots[1]


@given(streams, st.data())
def test_a_batch_in_any_order_and_duplication_ends_in_the_same_sign(
    stream: list[Observation], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(stream + stream))
    one, other = started(), started()
    assert one.step(at(30), stream).signs == other.step(at(30), shuffled).signs


def test_deadlines_keep_one_entry_for_each_thing() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for second in range(1000):
        deadlines.set("bay", at(second))
    assert len(deadlines) == 1
    assert deadlines.take_due(at(500), 10) == []
    assert deadlines.take_due(at(999), 10) == ["bay"]
    assert deadlines.take_due(at(9999), 10) == []


def test_deadlines_take_what_is_due_in_order_and_no_more_than_wanted() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for number in range(10):
        deadlines.set(number, at(10 - number))
    deadlines.set(9, at(100))
    deadlines.forget(8)
    deadlines.set(0, at(0))
    assert deadlines.take_due(at(5), 3) == [0, 7, 6]
    assert deadlines.take_due(at(5), 3) == [5]


def test_an_answer_is_looked_at_before_half_of_it_is_over() -> None:
    memory = started()
    report = memory.situation.lots[LOT]
    assert at(50) < next_look(report, T0) < at(60)
    assert next_look(report, at(119)) == report.valid_until
