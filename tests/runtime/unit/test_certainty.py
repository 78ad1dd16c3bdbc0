# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import pytest

from stadttakt_runtime.leadership.certainty import STOOD_STILL_S, TICK_EVERY_S, Certainty


def led_until(now: float) -> Certainty:
    certainty = Certainty()
    certainty.begin(0.0)
    moment = 0.0
    while moment < now:
        certainty.tick(moment)
        moment += TICK_EVERY_S
    return certainty


def test_instance_that_never_led_is_not_sure() -> None:
    assert not Certainty().holds(0.0)


def test_leader_whose_loop_turns_is_sure_whatever_the_database_does() -> None:
    assert led_until(60).holds(60)


def test_leader_that_wakes_is_in_doubt_before_and_after_its_first_tick() -> None:
    certainty = led_until(10)
    assert not certainty.holds(10 + 2 * STOOD_STILL_S)
    assert certainty.tick(14.0) == pytest.approx(4.0, abs=2 * TICK_EVERY_S)
    assert certainty.tick(14.0 + TICK_EVERY_S) == 0
    assert not certainty.holds(14.3)


def test_only_an_answer_to_what_was_asked_after_the_standstill_ends_the_doubt() -> None:
    certainty = led_until(10)
    certainty.tick(14.0)
    certainty.confirm(begun=9.9)
    assert not certainty.holds(14.1)
    certainty.confirm(begun=14.05)
    assert certainty.holds(14.1)


def test_short_standstill_raises_no_doubt() -> None:
    certainty = led_until(10)
    assert certainty.tick(10 + 0.9 * STOOD_STILL_S) == 0
    assert certainty.holds(10 + STOOD_STILL_S)
