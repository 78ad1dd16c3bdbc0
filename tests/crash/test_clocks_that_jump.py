# SPDX-License-Identifier: EUPL-1.2
"""Services whose clocks jump, ahead or back, go on telling what is true."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from crash.campaign import clocks
from crash.campaign.flows import UNCOUNTED
from crash.campaign.play import faults_of, settle
from crash.campaign.scene import Scene, open_scene
from crash.conftest import SEED
from support.stack import Stack

AHEAD_S, BEHIND_S = 7_500, -200
"""Beyond the heartbeat limits of bays and what a vehicle's load holds; and so far back that all that was said lies ahead."""

LONG_S = 8.0
"""Beyond what a sign's answer holds."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("off_s", [AHEAD_S, BEHIND_S])
def test_services_whose_clocks_jump_tell_what_is_true(
    servers: Stack, tmp_path: Path, off_s: float
) -> None:
    preload = clocks.library()
    if preload is None:
        pytest.skip("libfaketime is not to be had here")
    with open_scene(servers, tmp_path, SEED, preload=preload) as scene:
        settle(scene, 120)
        for clock in scene.clocks.values():
            clock.set_off(off_s)
        _wait_until_off(scene, off_s)
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            assert _wrong(scene) == []
        for clock in scene.clocks.values():
            clock.set_off(0)
        _wait_until_off(scene, 0)
        assert _wrong(scene) == []


def _wait_until_off(scene: Scene, off_s: float) -> None:
    """Wait until each service says that its machine's clock is so much off."""
    for service in scene.services.values():
        clocks.wait_off(clocks.told_by_service(service), off_s)


def _wrong(scene: Scene) -> list[str]:
    """Return what is not as it must be: who does not answer is wrong as well, nobody is away."""
    return [each for each in faults_of(scene) if not each.startswith(UNCOUNTED)]
