# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from parking_occupancy.city.apply import apply_city

from .harness import World, write_city


@pytest.fixture
def bare_world(database_url: str, mqtt_url: str) -> World:
    return World(database_url, mqtt_url)


@pytest.fixture
async def world(bare_world: World, tmp_path: Path) -> World:
    """A lot of four general bays that may be silent for an hour, and its sign."""
    await asyncio.to_thread(apply_city, write_city(tmp_path), bare_world.database_url)
    return bare_world
