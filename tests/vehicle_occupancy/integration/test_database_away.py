# SPDX-License-Identifier: EUPL-1.2
"""Workers that read while the database is away wait for it: one that ended would end the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.links import Link, Network, done_after_a_cut
from vehicle_occupancy.board import Board
from vehicle_occupancy.domain.reading import Position
from vehicle_occupancy.follower import Follower
from vehicle_occupancy.forecasting.forecaster import Forecaster, level_borders
from vehicle_occupancy.forecasting.nightly import close_day, issue_days
from vehicle_occupancy.storage import configuration, forecast_settings
from vehicle_occupancy.timetables import Timetables

from .desk import Desk
from .harness import World
from .test_trip_teller import telling


@pytest.fixture
async def far(far_url: str) -> AsyncIterator[Database]:
    async with Database.open(far_url, schema="transit") as database:
        yield database


async def test_forecaster_waits(
    desk: Desk, world: World, far: Database, network: Network, link: Link
) -> None:
    forecaster = Forecaster(world.settings, far)
    await done_after_a_cut(network, link, forecaster.work(desk.at(240)))


async def test_closing_of_a_day_and_issue_of_the_next_wait(
    desk: Desk, far: Database, network: Network, link: Link
) -> None:
    settings = await desk.database.persist(forecast_settings.read)
    day, now = desk.today.day - timedelta(days=1), desk.at(240)
    await done_after_a_cut(network, link, close_day(far, day, settings, now))

    city = await desk.database.persist(configuration.load)
    levels = partial(level_borders, city.levels)
    issued = issue_days(far, desk.today, settings, history_days=28, levels=levels, now=now)
    night = await done_after_a_cut(network, link, issued)
    assert night is not None
    assert night.day == desk.today.day


async def test_teller_of_trips_waits(
    world: World, far: Database, network: Network, link: Link
) -> None:
    async with telling(world, far) as teller:
        await done_after_a_cut(network, link, teller.tell())


async def test_follower_waits(far: Database, network: Network, link: Link) -> None:
    board, now = Board(), utc_now()
    vehicle = VehicleId("tram-1")
    board.positions[vehicle] = Position(
        event_id="one", vehicle_id=vehicle, observed_at=now, lat=51.48, lon=11.97
    )
    keeper: Any = None  # nothing is found that it would be told
    follower = Follower(far, board, keeper, Timetables())
    await done_after_a_cut(network, link, follower.look(now))
