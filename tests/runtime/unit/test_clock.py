# SPDX-License-Identifier: EUPL-1.2
"""Of three clocks any one may be wrong; a clock that is set back is noticed once, one that is slewed or set forward is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stadttakt_runtime.clock import Clock, ClockWatch, utc_now

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Times:
    """A machine that has run for some seconds, and by how many its clock and the database's are off."""

    def __init__(self) -> None:
        self.ran = self.wall_off = self.database_off = 0.0
        self.clock = Clock(
            lambda: NOON.timestamp() + self.ran + self.wall_off, lambda: 100 + self.ran
        )

    def look(self) -> float:
        told = NOON + timedelta(seconds=self.ran + self.database_off)
        return self.clock.seen(told, 100 + self.ran)

    def error_s(self) -> float:
        """By how much what is told is off."""
        return (self.clock.now() - NOON).total_seconds() - self.ran

    def run(self, seconds: int) -> list[float]:
        """Let time pass, the database's clock being looked at each second; returns all errors between."""
        errors = []
        for _ in range(seconds):
            self.ran += 0.5
            errors.append(self.error_s())
            self.ran += 0.5
            self.look()
            errors.append(self.error_s())
        return errors


@pytest.mark.parametrize("off_s", [400.0, 90_000.0, -200.0])
@pytest.mark.parametrize("which", ["wall_off", "database_off"])
def test_one_clock_that_jumps_moves_nothing(which: str, off_s: float) -> None:
    times = Times()
    times.look()
    times.run(3)
    setattr(times, which, off_s)
    assert times.run(100) == pytest.approx([0.0] * 200, abs=1e-3)
    found = times.clock.off_s()
    assert found["machine"] == pytest.approx(times.wall_off, abs=1e-3)
    assert found["database"] == pytest.approx(times.database_off, abs=1e-3)
    setattr(times, which, 0.0)
    assert times.run(3) == pytest.approx([0.0] * 6, abs=1e-3)


def test_a_clock_that_jumps_while_the_database_is_away_moves_nothing() -> None:
    times = Times()
    times.look()
    times.wall_off = 7_500.0
    times.ran += 600
    assert times.error_s() == pytest.approx(0.0, abs=1e-3)


def test_who_begins_with_a_wrong_clock_goes_by_that_of_the_database() -> None:
    times = Times()
    times.wall_off = -90.0
    assert times.error_s() == pytest.approx(-90.0, abs=1e-3)
    times.look()
    assert times.run(5) == pytest.approx([0.0] * 10, abs=1e-3)


def test_time_follows_both_clocks_where_they_agree() -> None:
    """As after a machine was halted, and where monotonic time is slow."""
    times = Times()
    times.look()
    times.wall_off = times.database_off = 3600.0
    assert times.run(2)[1:] == pytest.approx([3600.0] * 3, abs=1e-3)


@pytest.mark.parametrize("step_s", [3600.0, -90.0])
def test_a_step_of_both_clocks_is_told_once_and_none_of_one(step_s: float) -> None:
    times = Times()
    found = [times.look()]
    for wall_off, database_off in [(0.0, step_s), (0.0, 0.0), (step_s, 0.0), (step_s, step_s)]:
        times.ran += 2
        times.wall_off, times.database_off = wall_off, database_off
        found += [times.look(), times.look()]
    assert found == pytest.approx([0.0] * 7 + [step_s, 0.0], abs=1e-3)


@pytest.mark.parametrize(
    ("moved_s", "noticed"),
    [(-7500.0, True), (-1.5, True), (-0.5, False), (0.0, False), (400.0, False)],
)
def test_clock_set_back_is_noticed_once(moved_s: float, *, noticed: bool) -> None:
    watch, began = ClockWatch(), utc_now()
    watch.was_set_back(began, 100.0)
    after = began + timedelta(seconds=10 + moved_s)
    assert watch.was_set_back(after, 110.0) is noticed
    assert not watch.was_set_back(after + timedelta(seconds=5), 115.0)


def test_forward_and_back_again_is_noticed_at_the_way_back() -> None:
    watch, began = ClockWatch(), utc_now()
    watch.was_set_back(began, 0.0)
    assert not watch.was_set_back(began + timedelta(hours=2), 1.0)
    assert watch.was_set_back(began + timedelta(seconds=2), 2.0)


def test_slewing_is_never_noticed() -> None:
    watch, began = ClockWatch(), utc_now()
    found = [
        watch.was_set_back(began + timedelta(seconds=0.9995 * n), float(n)) for n in range(1, 9000)
    ]
    assert found[1:] == [False] * 8998
