# SPDX-License-Identifier: EUPL-1.2
"""Rare variants of faults and rounds come as often as they should where a round has them, and never in the short form."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from crash.campaign import faults
from crash.campaign.clocks import NOTICED_AFTER_S, clock_of, library, told_by_database
from crash.campaign.faults import LONG_S, Round, all_faults, seconds_of
from crash.campaign.play import HEAVY_RATE, LONG_SECONDS, Limits, after_load, excused
from support.stack import fresh_broker, fresh_stack

USUAL = (0.3, 8.0)
MANY = 300
EXACT_S = 60
LIMITS = Limits(rate=150, seconds=3, within_s=60, varies=True)


def test_one_of_five_lasts_long_and_none_in_the_short_form() -> None:
    seconds = [seconds_of(Round(varies=True), Random(seed), USUAL) for seed in range(MANY)]
    long = [each for each in seconds if each >= LONG_S[0]]
    assert MANY / 7 < len(long) < MANY / 4
    assert max(long) <= LONG_S[1]
    assert all(USUAL[0] <= each <= USUAL[1] for each in seconds if each not in long)
    short = [seconds_of(Round(), Random(seed), USUAL) for seed in range(MANY)]
    assert max(short) <= USUAL[1]


def test_one_of_four_rounds_is_heavier_or_longer_by_its_seed_alone() -> None:
    seen = Counter((each.rate, each.seconds) for each in map(LIMITS.of, map(str, range(MANY))))
    heavy, long = seen[HEAVY_RATE, 3], seen[150, LONG_SECONDS]
    assert heavy + long + seen[150, 3] == MANY
    assert MANY / 6 < heavy + long < MANY / 3
    assert min(heavy, long) > MANY / 16
    assert LIMITS.of("7") == LIMITS.of("7")
    short = Limits(rate=100, seconds=1.5, within_s=60)
    assert {short.of(str(seed)) for seed in range(MANY)} == {short}


class Line:
    """What was done to a link."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def turn(self, mode: str) -> None:
        self.done.append(mode)

    def forget(self) -> None:
        self.done.append("forget")


def _stalled(seed: int, *, varies: bool) -> list[str]:
    line = Line()
    scene: Any = SimpleNamespace(
        links={("parking", "broker"): line}, network=SimpleNamespace(do=lambda change: change())
    )
    now = Round(varies=varies)
    all_faults()["stall-parking-broker"].strike(scene, now, Random(seed))
    assert now.forgot is ("forget" in line.done)
    return line.done


def test_of_three_stalls_one_is_a_forgotten_connection_and_none_in_the_short_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CUT_S", "LONG_S"):
        monkeypatch.setattr(faults, name, (0, 0))
    seen = [_stalled(seed, varies=True) for seed in range(MANY)]
    assert MANY / 4 < seen.count(["forget"]) < MANY / 2
    assert seen.count(["forget"]) + seen.count(["stalled", "open"]) == MANY
    assert all(_stalled(seed, varies=False) == ["stalled", "open"] for seed in range(MANY))


def test_forgotten_connections_excuse_the_round_after_as_well_and_no_other() -> None:
    known, scene = all_faults(), SimpleNamespace(forgot=False)
    rounds = [("stall-parking-broker", True), ("flood", False), ("flood", False)]
    told: Any = [(scene, Round(forgot=forgot), [known[name]]) for name, forgot in rounds]
    assert [excused(*each) for each in told] == [True, True, False]


def _late(seed: int, *, varies: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, int]:
    """Return how many messages come at once, after the load, and in the next round."""
    monkeypatch.setattr(faults, "Publishing", lambda pool, *_, **__: pool)
    mosquitto = SimpleNamespace(url="")
    scene: Any = SimpleNamespace(stack=SimpleNamespace(mosquitto=mosquitto), carried=[])
    held: Any = ["a", "b", "c"]
    now = Round(holds=1, varies=varies, held=held)
    all_faults()["late"].strike(scene, now, Random(seed))
    (at_once,) = now.published or [()]  # type: ignore[list-item]
    assert now.holds == 0
    return len(at_once), len(after_load(scene, now, Random(seed))), len(scene.carried)  # type: ignore[arg-type]


def test_late_messages_come_at_once_after_the_load_or_a_round_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = Counter(_late(seed, varies=True, monkeypatch=monkeypatch) for seed in range(MANY))
    assert seen.keys() == {(3, 0, 0), (0, 3, 0), (0, 0, 3)}
    assert min(seen.values()) > MANY / 5
    short = {_late(seed, varies=False, monkeypatch=monkeypatch) for seed in range(MANY)}
    assert short == {(3, 0, 0)}


def test_clock_of_the_database_is_wrong_beside_no_other_and_while_nobody_is_killed() -> None:
    known = all_faults()
    parts = known["clock-database"].parts
    for name in (
        "clock-parking",
        "kill-registry",
        "stop-database",
        "kill-everything",
        "full-broker",
    ):
        assert parts & known[name].parts
    for name in ("cut-parking-broker", "flood", "late", "poison"):
        assert not parts & known[name].parts


def test_database_tells_a_wrong_time_within_two_seconds_without_starting_anew() -> None:
    preload = library()
    if preload is None:
        pytest.skip("libfaketime is not to be had here")
    with fresh_stack() as stack:
        clock = clock_of(stack.postgres, preload)
        with stack.postgres:
            told = told_by_database(stack.postgres.url)
            assert abs(told() or 0) < EXACT_S
            clock.set_off(7_500)
            time.sleep(NOTICED_AFTER_S)
            assert abs((told() or 0) - 7_500) < EXACT_S


def test_server_goes_by_a_clock_that_lies_inside_its_root(tmp_path: Path) -> None:
    own = tmp_path / "lib.so"
    own.write_bytes(b"7")
    server: Any = SimpleNamespace(data_dir=tmp_path / "root/data", root=tmp_path / "root")
    server.environment = {}
    server.root.mkdir()
    clock_of(server, own).set_off(-3600)
    assert server.environment["LD_PRELOAD"] == "/data.faketime.so"
    assert (tmp_path / "root/data.faketime.so").read_bytes() == b"7"
    named = server.environment["FAKETIME_TIMESTAMP_FILE"]
    assert (tmp_path / "root" / named.lstrip("/")).read_text() == "-3600.000\n"


def test_server_is_started_with_what_it_is_told() -> None:
    with fresh_broker() as broker:
        broker.environment = {"TOLD": "something"}
        broker.start()
        broker.wait_ready()
        environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in broker.processes()]
        assert [b"TOLD=something\0" in each for each in environments] == [True]
