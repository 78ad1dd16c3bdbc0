# SPDX-License-Identifier: EUPL-1.2
"""The short form of `make crash`: one round of each kind of fault that needs no wrong clock; a full disk where there is root."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crash.campaign import aftermath
from crash.campaign.disks import small_disks
from crash.campaign.faults import all_faults
from crash.campaign.play import Limits, examined, play, settle
from crash.campaign.scene import open_scene
from crash.conftest import SEED
from crash.world import migrate_servers
from support.stack import Stack, fresh_stack

ROUNDS = (
    ("kill-parking", "kill-kpi", "flood"),
    ("stall-decoder-database", "kill-publisher", "poison", "kill-broker"),
    ("cut-transit-broker", "late", "kill-registry", "cut-registry-database"),
    ("stop-parking", "reset-decoder-broker", "delay-transit-database", "kill-transit"),
)
"""Decoder and database are killed by `test_kills.py`."""

ON_A_SMALL_DISK = (("full-database",), ("full-broker",))
"""Which takes root."""

ELSEWHERE = {"clock"}
"""A wrong clock takes a library: `test_clocks_that_jump.py` sets services' clocks where it is, `make crash` the database's as well."""

LIMITS = Limits(rate=100, seconds=1.5, within_s=120)


def test_each_kind_of_fault_that_can_be_played_everywhere_is_played_here() -> None:
    known = all_faults()
    played = {known[name].family for names in (*ROUNDS, *ON_A_SMALL_DISK) for name in names}
    assert played == {each.family for each in known.values()} - ELSEWHERE


@pytest.fixture
def small_or_not(tell: Callable[[str], None]) -> Iterator[tuple[Stack, bool]]:
    """Servers of one's own, on small disks where that can be."""
    with fresh_stack() as stack, small_disks(stack.postgres, stack.mosquitto) as small:
        stack.postgres.start()
        stack.mosquitto.start()
        stack.postgres.wait_ready()
        stack.mosquitto.wait_ready()
        migrate_servers(stack)
        if not small:
            tell("full disks are skipped: nothing can be mounted here")
        yield stack, small


@pytest.mark.timeout(900)
def test_everything_is_right_after_faults_in_a_row_and_no_sign_told_a_number_beyond_its_limit(
    small_or_not: tuple[Stack, bool], tmp_path: Path, tell: Callable[[str], None]
) -> None:
    servers, small = small_or_not
    tell(
        f"{', '.join(sorted(ELSEWHERE))} is played by `make crash` and in test_clocks_that_jump.py"
    )
    with open_scene(servers, tmp_path, SEED, preload=None) as scene:
        settle(scene, 120)
        known = all_faults()
        for number, names in enumerate([*ROUNDS, *(ON_A_SMALL_DISK if small else ())]):
            faults = [known[name] for name in names]
            seed = f"{SEED}/{number}"
            played = play(scene, number, faults, seed, LIMITS)
            assert played.offences == []
            told = ", ".join(f"{each.name} {each.what}" for each in played.faults)
            tell(f"{told}: right {played.recovered_s} s after the load")
        assert examined(scene, played, LIMITS.within_s).offences == []
        said = json.loads(aftermath.keep(scene, len(ROUNDS)).read_text())
        assert {said[name]["ready"][0] for name in scene.services} == {"200"}
        assert any("stadttakt-transit" in each["application_name"] for each in said["sessions"])
