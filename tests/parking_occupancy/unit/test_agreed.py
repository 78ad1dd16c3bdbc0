# SPDX-License-Identifier: EUPL-1.2
"""Which readings of several sensors tell of stays."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.agreed import agreed
from parking_occupancy.domain.stays import MARGIN, Ending, Seen, Stretch, joint, reach, stretches
from parking_occupancy.domain.track import Reading, SensorId

from .building import at

LETTERS = {"f": Reading.FREE, "o": Reading.OCCUPIED, "s": Reading.SUSPECT}
LIMIT, GRACE = timedelta(hours=1), timedelta(minutes=2)


def told(said: str) -> list[Seen]:
    """Return `mf0 co10`: the magnet says free at minute 0, the camera occupied at minute 10."""
    found = []
    for word in said.split():
        sensor, letter, minute = word[0], word[1], int(word[2:])
        name = SensorId("" if sensor == "-" else sensor)
        found.append(Seen(at(60 * minute), word, LETTERS[letter], None, name))
    return found


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("mf0 mo10 mf30", "mf0 mo10 mf30", id="one sensor alone"),
        pytest.param(
            "mf0 cf1 mo10 co11 mf30 cf31", "mf0 cf1 mo10 co11 mf30 cf31", id="seconds apart"
        ),
        pytest.param("mf0 cf1 mo10 mf30", "mf0 cf1 mf30", id="never confirmed"),
        pytest.param("mf0 cf1 mo10 cf15 co16 mf30 cf31", "mf0 cf1 co16 mf30 cf31", id="late"),
        pytest.param("mf0 cf1 mo10 cf11 co12", "mf0 cf1 mo10 co12", id="a heartbeat between"),
        pytest.param("mf0 co70 mf80 co90", "mf0 co70", id="silent ones do not contradict"),
        pytest.param("mf0 cs5 mo10 mf30", "mf0 cs5 mo10 mf30", id="suspect ones neither"),
        pytest.param("mf0 cf1 cs9 mo10 mf30", "mf0 cf1 cs9 mo10 mf30", id="nor any more"),
        pytest.param("mf0 cf1 -o10 mf30", "mf0 cf1 -o10 mf30", id="nor unnamed ones"),
    ],
)
def test_what_another_living_sensor_contradicts_tells_nothing(said: str, kept: str) -> None:
    found = agreed(told(said), limit=LIMIT, grace=GRACE)
    assert [each.event_id for each in found] == kept.split()


def test_two_sensors_that_contradict_make_no_stays_of_their_heartbeats() -> None:
    heartbeats = " ".join(f"mf{n} co{n + 2}" for n in range(6, 60, 6))
    found = stretches(agreed(told(f"mf0 cf1 {heartbeats}"), limit=LIMIT, grace=GRACE), limit=LIMIT)
    assert [(each.occupied, each.ending) for each in found] == [(False, Ending.OPEN)]


events = st.lists(
    st.tuples(
        st.integers(0, 1500),
        st.sampled_from("foos"),
        st.sampled_from("mmcr-"),
        st.one_of(st.none(), st.integers(0, 200)),
    ),
    max_size=70,
    unique_by=lambda each: each[0],
)


def _seen(said: list[tuple[int, str, str, int | None]]) -> list[Seen]:
    return [
        Seen(
            at(60 * minute),
            f"e{minute}",
            LETTERS[letter],
            None if duration is None else 60 * duration,
            SensorId("" if name == "-" else name),
        )
        for minute, letter, name, duration in said
    ]


@given(events, st.randoms(use_true_random=False))
def test_stays_of_several_sensors_made_anew_are_those_made_at_once(
    said: list[tuple[int, str, str, int | None]], dice: random.Random
) -> None:
    everything = _seen(said)
    dice.shuffle(everything)
    known: list[Seen] = []
    kept: list[Stretch] = []
    for each in everything:
        known.append(each)
        late = reach(_since(known, each.at - GRACE), each.at - GRACE)
        recent = [stretch for stretch in kept if stretch.begun_to < late][-MARGIN:]
        index = None
        if len(recent) == MARGIN:
            anew = stretches(_since(known, recent[0].begun_to), limit=LIMIT)
            index = joint(recent, anew, late)
        if index is None:
            kept = stretches(agreed(known, limit=LIMIT, grace=GRACE), limit=LIMIT)
        else:
            kept = [s for s in kept if s.begun_to < anew[index].begun_to] + anew[index:]
        assert kept == stretches(agreed(known, limit=LIMIT, grace=GRACE), limit=LIMIT)


def _since(known: list[Seen], since: datetime) -> list[Seen]:
    """Do as the stay counter does: what matters before is read and left out again."""
    read = [k for k in known if k.at >= since - LIMIT]
    return [k for k in agreed(read, limit=LIMIT, grace=GRACE) if k.at >= since]
