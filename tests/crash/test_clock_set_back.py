# SPDX-License-Identifier: EUPL-1.2
"""A service whose clock was hours ahead shows what is true as soon as the clock is right, without a new message."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from crash.campaign import clocks
from crash.campaign.play import faults_of, settle
from crash.campaign.scene import Scene, open_scene
from crash.campaign.town import BUSES
from crash.conftest import SEED
from support.stack import Stack

AHEAD_S = 7_500
"""Beyond the heartbeat limits of bays, and beyond what a vehicle's load holds."""

WITHIN_S = 120


@pytest.mark.timeout(900)
def test_what_was_decided_in_a_future_that_never_was_is_decided_anew(
    servers: Stack, tmp_path: Path
) -> None:
    preload = clocks.library()
    if preload is None:
        pytest.skip("libfaketime is not to be had here")
    with open_scene(servers, tmp_path, SEED, preload=preload, small=False) as scene:
        settle(scene, 120)
        for name in ("parking", "transit"):
            scene.clocks[name].set_off(AHEAD_S)
        eventually(lambda: nothing_is_known(scene))
        for name in ("parking", "transit"):
            scene.clocks[name].set_off(0)
        eventually(lambda: faults_of(scene) == [])


def nothing_is_known(scene: Scene) -> bool:
    try:
        bays = scene.asked.parking.get("/v1/bays", params={"limit": 1000}).json()["items"]
        buses = [scene.asked.transit.get(f"/v1/vehicles/{bus}").json() for bus in BUSES]
    except (httpx.TransportError, KeyError):
        return False
    return {each["state"] for each in bays} == {"unknown"} and not any(b["level"] for b in buses)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.25)
