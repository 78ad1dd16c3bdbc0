# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.javascript.breaker import (
    FIRST_PAUSE_S,
    HITS_TO_SUSPEND,
    LONGEST_PAUSE_S,
    WINDOW_S,
    Breaker,
)

KEY = "codec"


def suspended(breaker: Breaker, now: float = 0) -> Breaker:
    for _ in range(HITS_TO_SUSPEND):
        breaker.failed(KEY, now)
    return breaker


def test_hits_within_the_window_suspend_and_nobody_else() -> None:
    breaker = Breaker()
    assert [breaker.failed(KEY, now) for now in (0, 1, 2)] == [False, False, True]
    assert (breaker.allows(KEY, 3), breaker.allows("other", 3)) == (False, True)
    assert (breaker.suspended, breaker.is_clean("other")) == (1, True)


def test_hits_far_apart_do_not_suspend() -> None:
    breaker = Breaker()
    for number in range(10):
        assert not breaker.failed(KEY, number * (WINDOW_S + 1))
    assert breaker.allows(KEY, 10 * WINDOW_S)


def test_one_frame_probes_after_the_pause() -> None:
    breaker = suspended(Breaker())
    assert not breaker.allows(KEY, FIRST_PAUSE_S - 1)
    assert breaker.allows(KEY, FIRST_PAUSE_S)
    assert not breaker.allows(KEY, FIRST_PAUSE_S + 1)
    assert breaker.succeeded(KEY, FIRST_PAUSE_S + 1)
    assert (breaker.allows(KEY, FIRST_PAUSE_S + 1), breaker.suspended) == (True, 0)


def test_pauses_double_up_to_an_hour() -> None:
    breaker, now, pauses = suspended(Breaker()), FIRST_PAUSE_S, []
    for _ in range(10):
        assert breaker.allows(KEY, now)
        assert breaker.failed(KEY, now)
        pause = next(p for p in range(1, 10_000) if breaker.allows(KEY, now + p))
        pauses.append(pause)
        now += pause
        breaker.failed(KEY, now)
        now += LONGEST_PAUSE_S
    assert pauses[0] == 2 * FIRST_PAUSE_S
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5000)), max_size=60))
def test_whatever_happens_it_is_let_through_again_some_day(
    history: list[tuple[bool, float]],
) -> None:
    breaker, now = Breaker(), 0.0
    for hit, pause in history:
        now += pause
        if breaker.allows(KEY, now):
            (breaker.failed if hit else breaker.succeeded)(KEY, now)
    assert breaker.allows(KEY, now + LONGEST_PAUSE_S + WINDOW_S)
