# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.counted_town import feed, loads
from support.gtfs import a_folder
from vehicle_occupancy.app import create_app
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.forecasting.forecaster import Forecaster
from vehicle_occupancy.importing import ImportOptions, import_feed
from vehicle_occupancy.publication_key import publication_key
from vehicle_occupancy.storage.forecast_settings import service_day

from .desk import Desk
from .harness import World, write_city


@pytest.fixture
async def world(database_url: str, mqtt_url: str, tmp_path: Path) -> World:
    """Two trams of two doors each, with 60 seats and 90 standing places."""
    city = write_city(tmp_path, "tram-1", "tram-2")
    await asyncio.to_thread(apply_city, city, database_url)
    return World(database_url, mqtt_url)


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    city = write_city(tmp_path, "tram-1", "tram-2")
    (city / "city.yaml").write_text("timezone: Europe/Berlin\npublic_holidays: ''\n")
    await asyncio.to_thread(apply_city, city, world.database_url)
    app = create_app(world.settings)
    key = app.state.board.publication_key = publication_key(world.settings)
    async with Database.open(world.database_url, schema="transit") as database:
        attach_database(app, database)
        await import_feed(
            database, a_folder(tmp_path / "feed", feed()), ImportOptions(), lambda _: lambda _: None
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            async with database.connection() as connection:
                day = await service_day(connection, utc_now())
            yield Desk(
                client, database, Forecaster(world.settings, database),
                ServiceDay(day, ZoneInfo("Europe/Berlin")),
                await world.bearer("transit:read"), key, app,
            )  # fmt: skip


@pytest.fixture
async def issued(desk: Desk) -> Desk:
    """Four weeks were counted, and the night's work is done."""
    await desk.store(list(loads(desk.today.day - timedelta(days=28), 28)))
    await desk.forecaster.work(desk.at(240))
    return desk
