from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from vehicle_occupancy.city.apply import apply_city

from .harness import World, write_city


@pytest.fixture
async def world(database_url: str, mqtt_url: str, tmp_path: Path) -> World:
    """Two trams of two doors each, with 60 seats and 90 standing places."""
    city = write_city(tmp_path, "tram-1", "tram-2")
    await asyncio.to_thread(apply_city, city, database_url)
    return World(database_url, mqtt_url)
