# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.stays import (
    MARGIN,
    Ending,
    Seen,
    Stretch,
    joint,
    reach,
    stretches,
)
from parking_occupancy.domain.track import Reading

from .building import at

HOUR = timedelta(hours=1)
LETTERS = {"f": Reading.FREE, "o": Reading.OCCUPIED, "s": Reading.SUSPECT}


def minute(minutes: float | None) -> datetime | None:
    return None if minutes is None else at(60 * minutes)


Given = tuple[float, str] | tuple[float, str, float]


def seen(*given: Given) -> list[Seen]:
    return [
        Seen(
            at(60 * each[0]),
            f"e{number:03}",
            LETTERS[each[1]],
            int(60 * each[2]) if len(each) == 3 else None,
        )
        for number, each in enumerate(given)
    ]


def stays(found: Sequence[Stretch]) -> list[Stretch]:
    return [stretch for stretch in found if stretch.occupied]


Bounds = tuple[float | None, float, float, float | None, str]


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ([(0, "f"), (10, "o"), (40, "f")], [(0, 10, 10, 40, "observed")]),
        ([(0, "f"), (10, "o"), (30, "o"), (40, "f")], [(0, 10, 30, 40, "observed")]),
        # the message of the change was lost; the heartbeat after it tells it late
        ([(0, "f"), (30, "f"), (60, "o"), (90, "f")], [(30, 60, 60, 90, "observed")]),
        ([(0, "o"), (30, "f")], [(None, 0, 0, 30, "observed")]),
        ([(0, "f"), (10, "o"), (50, "o")], [(0, 10, 50, None, "open")]),
        # silent for longer than the limit of an hour
        (
            [(0, "f"), (10, "o"), (200, "o"), (210, "f")],
            [(0, 10, 10, None, "silent"), (None, 200, 200, 210, "observed")],
        ),
        ([(0, "f"), (10, "o"), (200, "f")], [(0, 10, 10, None, "silent")]),
        # a suspect reading says nothing
        ([(0, "f"), (10, "o"), (20, "s"), (40, "f")], [(0, 10, 10, 40, "observed")]),
        # the sensor says how long it had been occupied: to the minute, and a minute of latency
        ([(0, "f"), (10, "o"), (40, "f", 30)], [(8, 10, 39, 40, "observed")]),
        ([(0, "f"), (30, "o"), (40, "f", 25)], [(13, 15, 39, 40, "observed")]),
        # it came and left unseen
        ([(0, "f"), (40, "f", 25)], [(13, 15, 39, 40, "observed")]),
        # a free time unseen: two stays, not one
        (
            [(0, "f"), (10, "o"), (50, "o", 5)],
            [(0, 10, 43, 45, "observed"), (49, 50, 50, None, "open")],
        ),
        # known although the sensor was silent
        ([(0, "f"), (10, "o"), (210, "f", 200)], [(4, 10, 209, 210, "observed")]),
        # a duration that readings contradict is nobody's
        ([(0, "f"), (10, "o"), (40, "f"), (50, "f", 45)], [(0, 10, 10, 40, "observed")]),
        ([], []),
        ([(0, "s")], []),
    ],
)
def test_stays_are_bounded_by_what_was_last_seen_and_first_confirmed(
    given_: list[Given], wanted: list[Bounds]
) -> None:
    found = stays(stretches(seen(*given_), limit=HOUR))
    told = [(s.begun_from, s.begun_to, s.ended_from, s.ended_to, s.ending) for s in found]
    expected = [(*map(minute, bounds[:4]), Ending(bounds[4])) for bounds in wanted]
    assert told == expected


def test_correction_takes_the_place_of_what_it_corrects() -> None:
    told = [
        Seen(at(0), "a:0", Reading.FREE),
        Seen(at(600), "b:0", Reading.OCCUPIED),
        Seen(at(600), "b:0.0001", Reading.FREE),
        Seen(at(1200), "c:0", Reading.FREE),
    ]
    assert stretches(told, limit=HOUR) == stretches([told[0], *told[2:]], limit=HOUR)
    assert not stays(stretches(told, limit=HOUR))


def test_flapping_belongs_to_what_surrounds_it() -> None:
    told = seen((0, "f"), (10, "o"), (20, "f"), (20.5, "o"), (30, "f"), (35, "o"), (35.2, "f"))
    found = stays(stretches(told, limit=HOUR, shortest=timedelta(seconds=60)))
    assert [(s.begun_to, s.ended_to) for s in found] == [(at(600), at(1800))]
    assert len(stays(stretches(told, limit=HOUR))) == 3


# What really happened: alternately free and occupied, each for so many minutes.
truths = st.lists(st.integers(3, 300), min_size=1, max_size=12)


def changes(lasting: list[int]) -> list[tuple[int, bool]]:
    """Return at what minute a bay became occupied (or free), the first free from minute 0."""
    moments, minutes = [(0, False)], 0
    for number, each in enumerate(lasting):
        minutes += each
        moments.append((minutes, number % 2 == 0))
    return moments


def reported(lasting: list[int], heartbeat: int, *, durations: bool) -> list[Seen]:
    """Return what a sensor says of it: each change, and heartbeats in between."""
    found = []
    moments = changes(lasting)
    for number, (minutes, occupied) in enumerate(moments):
        until = moments[number + 1][0] if number + 1 < len(moments) else minutes + 30
        before = minutes - moments[number - 1][0] if number else None
        said = None if before is None or not durations else 60 * before
        reading = Reading.OCCUPIED if occupied else Reading.FREE
        found.append(Seen(at(60 * minutes), f"c{minutes}", reading, said))
        found += [
            Seen(at(60 * beat), f"h{beat}", reading)
            for beat in range(minutes + heartbeat, until, heartbeat)
        ]
    return found


@given(
    lasting=truths,
    heartbeat=st.integers(5, 50),
    durations=st.booleans(),
    dice=st.randoms(use_true_random=False),
    data=st.data(),
)
def test_any_order_and_repetition_gives_the_same_stays(
    lasting: list[int], heartbeat: int, *, durations: bool, dice: random.Random, data: st.DataObject
) -> None:
    told = reported(lasting, heartbeat, durations=durations)
    shuffled = [*told, *data.draw(st.lists(st.sampled_from(told)))]
    dice.shuffle(shuffled)
    assert stretches(shuffled, limit=HOUR) == stretches(told, limit=HOUR)


@given(lasting=truths, heartbeat=st.integers(5, 50), durations=st.booleans(), data=st.data())
def test_whatever_is_lost_truth_lies_within_the_bounds(
    lasting: list[int], heartbeat: int, *, durations: bool, data: st.DataObject
) -> None:
    told = reported(lasting, heartbeat, durations=durations)
    kept = [each for each in told if data.draw(st.booleans())]
    came = [at(60 * minutes) for minutes, occupied in changes(lasting) if occupied]
    left = [at(60 * minutes) for minutes, occupied in changes(lasting)[1:] if not occupied]
    found = stays(stretches(kept, limit=HOUR))
    for stay in found:
        if stay.begun_from is not None:
            assert any(stay.begun_from <= moment <= stay.begun_to for moment in came)
        if stay.ended_to is not None:
            assert any(stay.ended_from <= moment <= stay.ended_to for moment in left)
    everything = stays(stretches(told, limit=HOUR))
    assert len([s for s in found if s.begun_from]) <= len([s for s in everything if s.begun_from])


@given(lasting=truths, heartbeat=st.integers(5, 50), durations=st.booleans())
def test_without_loss_every_stay_is_found_once(
    lasting: list[int], heartbeat: int, *, durations: bool
) -> None:
    found = stays(stretches(reported(lasting, heartbeat, durations=durations), limit=HOUR))
    came = [at(60 * minutes) for minutes, occupied in changes(lasting) if occupied]
    assert [stay.begun_to for stay in found] == came


events = st.lists(
    st.tuples(
        st.integers(0, 3000),
        st.sampled_from("foos"),
        st.one_of(st.none(), st.integers(0, 400)),
    ),
    max_size=80,
    unique_by=lambda each: each[0],
)


@given(events, st.integers(0, 5), st.randoms(use_true_random=False))
def test_stretches_made_anew_from_a_late_observation_on_are_those_made_at_once(
    told: list[tuple[int, str, int | None]], shortest: int, dice: random.Random
) -> None:
    rules = {"limit": HOUR, "shortest": timedelta(minutes=shortest)}
    everything = [
        Seen(at(60 * m), f"e{m}", LETTERS[letter], None if d is None else 60 * d)
        for m, letter, d in told
    ]
    dice.shuffle(everything)
    known: list[Seen] = []
    kept: list[Stretch] = []
    for each in everything:
        known.append(each)
        since = reach(known, each.at)
        recent = [stretch for stretch in kept if stretch.begun_to < since][-MARGIN:]
        recent = [stretch for stretch in kept if stretch.begun_to < each.at][-MARGIN:]
        anew = stretches([k for k in known if recent and k.at >= recent[0].begun_to], **rules)
        index = joint(recent, anew, since) if len(recent) == MARGIN else None
        if index is None:
            kept = stretches(known, **rules)
        else:
            kept = [s for s in kept if s.begun_to < anew[index].begun_to] + anew[index:]
        assert kept == stretches(known, **rules)
