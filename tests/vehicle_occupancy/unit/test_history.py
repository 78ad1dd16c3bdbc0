# SPDX-License-Identifier: EUPL-1.2
"""A vehicle's log folded: the same whatever the order, from memory or from what was stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vehicle_occupancy.domain.history import (
    SPACING,
    History,
    checkpoint_before,
    fold,
    in_order,
    is_late,
    rewound,
)
from vehicle_occupancy.domain.load.estimate import estimate
from vehicle_occupancy.domain.load.reading import Reading, key_of
from vehicle_occupancy.storage.tracks import of_track, to_track

from .riding import LEVELS, at, door, empty, presence, rules, weighing

RULES = rules(doors=2)


def a_morning() -> list[Reading]:
    readings: list[Reading] = [empty(0)]
    for minute in range(1, 40, 2):
        readings.append(door(minute, 5 + minute % 4, minute % 5, name="1"))
        readings.append(door(minute + 0.1, 3, minute % 3, name="2"))
        if minute % 3 == 0:
            readings.append(presence(minute + 0.2, wifi=20 + minute))
    return [*readings, weighing(41, 40_000)]


def folded(readings: list[Reading]) -> History:
    return fold(RULES, LEVELS, History(), in_order(readings)).history


def shown(history: History) -> object:
    assert history.track is not None
    return estimate(RULES, history.track, at(45), LEVELS)


@settings(deadline=None, max_examples=25)
@given(st.permutations(range(len(a_morning()))), st.integers(1, 9))
def test_late_readings_are_put_in_their_place(order: list[int], at_once: int) -> None:
    morning = a_morning()
    history = History()
    for start in range(0, len(order), at_once):
        new = in_order(morning[index] for index in order[start : start + at_once])
        first = key_of(new[0])
        if is_late(history, first):
            found = rewound(history, first)
            # Fewer readings than are remembered: nothing is forgotten.
            before, taken = found or (History(), [s.reading for s in history.steps])
            new = in_order([*taken, *new])
            history = before
        history = fold(RULES, LEVELS, history, new).history
    assert shown(history) == shown(folded(morning))


def test_stored_and_remembered_tracks_are_the_same() -> None:
    morning = a_morning()
    for cut in range(1, len(morning)):
        history = folded(morning[:cut])
        assert history.track is not None
        again = to_track(of_track(history.track))
        rest = in_order(morning)[cut:]
        assert shown(fold(RULES, LEVELS, History(again), rest).history) == shown(
            fold(RULES, LEVELS, history, rest).history
        )


def test_checkpoints_stand_before_the_first_reading_after_their_time() -> None:
    found = fold(RULES, LEVELS, History(), in_order(a_morning())).checkpoints
    assert list(found) == [at(0) + SPACING * n for n in (1, 2, 3, 4)]
    for until, track in found.items():
        assert track.newest is not None
        assert until - timedelta(minutes=2) <= track.newest[0] < until
    assert checkpoint_before(at(19.5)) == at(10)


def test_a_real_reading_ends_what_simulated_ones_said() -> None:
    simulated = [
        type(each)(**{**_fields(each), "simulated": True})
        for each in (empty(0), door(1, 50, 0), door(1, 40, 0, name="2"))
    ]
    real: list[Reading] = [empty(2), door(3, 5, 0), door(3, 4, 0, name="2")]
    both = folded([*simulated, *real])
    assert shown(both) == shown(folded(real))
    late = type(real[1])(**{**_fields(door(10, 70, 0)), "simulated": True})
    assert shown(folded([*simulated, *real, late])) == shown(folded(real))


def _fields(reading: Reading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in reading.__dataclass_fields__}
