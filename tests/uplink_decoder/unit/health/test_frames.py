# SPDX-License-Identifier: EUPL-1.2
"""Radio loss by frame counters: whatever the order and repetition, the same counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.domain.frames import (
    LONG_GAP,
    Frame,
    FrameCounts,
    Track,
    count_frames,
    read_track,
    track_document,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
INTERVAL = timedelta(minutes=10)


def frames(*counters: int, session: str = "a", start: int = 0) -> list[Frame]:
    return [
        Frame(START + INTERVAL * (start + place), f_cnt, session)
        for place, f_cnt in enumerate(counters)
    ]


def counted(found: Sequence[Frame], before: Track | None = None) -> FrameCounts:
    return count_frames(found, before or Track())[0]


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        ((), FrameCounts()),
        ((7,), FrameCounts(frames=1)),
        ((7, 8, 9), FrameCounts(frames=3)),
        ((7, 10), FrameCounts(frames=2, lost=2)),
        ((7, 8 + LONG_GAP), FrameCounts(frames=2, lost=LONG_GAP)),
        ((7, 30), FrameCounts(frames=2, lost=22, lost_long=22)),
        ((65534, 65535, 0, 1), FrameCounts(frames=4)),
        ((65534, 2), FrameCounts(frames=2, lost=3)),
        ((2**32 - 1, 0), FrameCounts(frames=2)),
        ((65535, 65536), FrameCounts(frames=2)),
        ((300, 0, 1), FrameCounts(frames=3, resets=1)),
        ((5, 0, 1), FrameCounts(frames=3, resets=1)),
        ((5, 5), FrameCounts(frames=2, resets=1)),
        ((5, 60_000), FrameCounts(frames=2, resets=1)),
    ],
)
def test_counter_tells_loss_and_new_beginnings(
    counters: tuple[int, ...], expected: FrameCounts
) -> None:
    assert counted(frames(*counters)) == expected


def test_join_begins_anew_without_loss_and_its_first_frames_may_be_missing() -> None:
    found = [*frames(40, 41), *frames(2, 3, session="b", start=2)]
    assert counted(found) == FrameCounts(frames=4, lost=2, sessions=1)


def test_frame_of_the_old_session_that_comes_after_the_join_is_no_session_of_its_own() -> None:
    new = Frame(START + INTERVAL, 0, "b")
    old = Frame(START + INTERVAL + timedelta(seconds=20), 41, "a")
    found = [*frames(40), new, old, *frames(1, session="b", start=2)]
    assert counted(found) == FrameCounts(frames=4, sessions=1)


def test_frame_that_two_sources_deliver_counts_once() -> None:
    twice = [Frame(START + timedelta(seconds=second), 7, "a") for second in (0, 1)]
    assert counted([*twice, *frames(8, start=1)]) == FrameCounts(frames=2, repeated=1)


def test_times_that_lie_the_wrong_way_round_are_no_loss() -> None:
    second = timedelta(seconds=1)
    found = [Frame(START, 1), Frame(START + second, 3), Frame(START + second * 2, 2)]
    assert counted(found) == FrameCounts(frames=3)
    earlier = [Frame(START, 3), Frame(START + second, 1), Frame(START + second * 2, 4)]
    assert counted(earlier) == FrameCounts(frames=3, lost=1)


@st.composite
def received(draw: st.DrawFn) -> tuple[list[Frame], FrameCounts]:
    """What a network receives of a device that joins again now and then, and what was lost."""
    found: list[Frame] = []
    expected = FrameCounts()
    at = START
    first = draw(st.sampled_from([0, 5, 65_530]))
    for session in range(draw(st.integers(1, 3))):
        heard = draw(st.lists(st.booleans(), min_size=1, max_size=30))
        counters = [place for place, is_heard in enumerate(heard) if is_heard]
        base = first if session == 0 else 0
        for place in counters:
            jitter = timedelta(seconds=draw(st.integers(-3, 3)))
            f_cnt = (base + place) % 65_536
            found.append(Frame(at + INTERVAL * place + jitter, f_cnt, f"session-{session}"))
        at += INTERVAL * len(heard)
        if counters:
            is_first = expected.frames == 0
            start = counters[0] if is_first else 0
            expected.frames += len(counters)
            expected.lost += counters[-1] + 1 - start - len(counters)
            expected.sessions += 0 if is_first else 1
    return found, expected


@given(received(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_gives_what_was_lost(
    case: tuple[list[Frame], FrameCounts], random: Random
) -> None:
    found, expected = case
    shuffled = [*found, *found[::2]]
    random.shuffle(shuffled)
    counts = counted(shuffled)
    assert (counts.frames, counts.lost, counts.sessions, counts.repeated, counts.resets) == (
        expected.frames,
        expected.lost,
        expected.sessions,
        0,
        0,
    )


arbitrary = st.builds(
    Frame,
    st.integers(0, 48 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.one_of(st.integers(0, 40), st.integers(65_500, 65_600), st.integers(0, 2**32 - 1)),
    st.sampled_from(["", "a", "b"]),
)


@given(st.lists(arbitrary, max_size=60), st.randoms(use_true_random=False))
def test_hour_by_hour_gives_what_the_whole_gives(found: list[Frame], random: Random) -> None:
    whole, end = count_frames(found, Track())
    random.shuffle(found)
    track, total = Track(), FrameCounts()
    for hour in range(49):
        begin = START + timedelta(hours=hour)
        some = [frame for frame in found if begin <= frame.at < begin + timedelta(hours=1)]
        counts, track = count_frames(
            some, read_track(orjson.loads(orjson.dumps(track_document(track))))
        )
        for name in FrameCounts.__dataclass_fields__:
            setattr(total, name, getattr(total, name) + getattr(counts, name))
    assert (total, track) == (whole, end)


@given(st.lists(arbitrary, max_size=60))
def test_every_frame_is_counted_once(found: list[Frame]) -> None:
    counts = counted(found)
    assert counts.frames + counts.repeated == len(set(found))
    assert counts.lost >= 0
    assert counts.resets + counts.sessions < max(1, counts.frames)
