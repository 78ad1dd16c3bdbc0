# SPDX-License-Identifier: EUPL-1.2
"""The service's parts and their workers, put together once; owns their order of leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import AlertPublisher
from stadttakt_runtime.broker_readiness import report_broker
from stadttakt_runtime.clock import ClockWatch
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.leadership import Leadership
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import happened, pause
from stadttakt_runtime.tracing import Traces
from vehicle_occupancy.alarms import Alarms
from vehicle_occupancy.board import Board
from vehicle_occupancy.calibrating import Calibrating
from vehicle_occupancy.catch_up import CatchUp
from vehicle_occupancy.causes import Causes
from vehicle_occupancy.consumer import Consumer
from vehicle_occupancy.follower import Follower
from vehicle_occupancy.forecasting.forecaster import Forecaster
from vehicle_occupancy.intake import Intake, subscriptions_of
from vehicle_occupancy.keeper import Keeper
from vehicle_occupancy.known_trips import KnownTrips
from vehicle_occupancy.publication_key import publication_key
from vehicle_occupancy.publisher import Publisher
from vehicle_occupancy.retention import Retention
from vehicle_occupancy.settings import Settings
from vehicle_occupancy.silence import Silence
from vehicle_occupancy.sources import read_sources
from vehicle_occupancy.stop_counter import StopCounter
from vehicle_occupancy.timetables import Timetables
from vehicle_occupancy.trip_teller import TripTeller
from vehicle_occupancy.visit_rows import Teller

log = get_logger(__name__)

SERVICE = "vehicle-occupancy"
STATE = "state"
DRAIN_S = 20.0
LOOK_EVERY_S = 0.5
LATE_EVERY_S = 0.5
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Transit:
    """Session, keeper, publisher and periodic work of one vehicle service."""

    def __init__(self, settings: Settings, database: Database, app: FastAPI) -> None:
        self._settings = settings
        self._app = app
        self._readiness: Readiness = app.state.readiness
        self._board: Board = app.state.board
        self._board.publication_key = publication_key(settings)
        topics, routes = Topics(settings.topic_root), read_sources(settings.city)
        self._leadership = Leadership(database, settings.database_url.get_secret_value())
        database = database.guarded(self._leadership.fence)
        self._mqtt = MqttConnection(
            MqttOptions.from_settings(
                settings,
                client_id=f"stadttakt-transit-{settings.instance}",
                subscriptions=subscriptions_of(topics, routes),
                receive_maximum=settings.receive_maximum,
            ),
            may_connect=lambda: database.persist(self._leadership.fence),
        )
        self._traces = Traces.of(settings, SERVICE)
        self._publisher = Publisher(self._board, self._mqtt, topics, self._traces)
        self._keeper = Keeper(database, self._board, self._publisher, Causes(self._traces))
        self._known_trips = KnownTrips(database, self._keeper)
        self._intake = Intake(topics, self._keeper, self._known_trips, routes)
        self._catch_up = CatchUp(database, self._keeper, topics)
        self._sensors = _watching_sensors(settings, database, self._board)
        self._alerts = AlertPublisher(database, self._mqtt, service=SERVICE, topics=topics)
        teller = Teller(self._board.publication_key, lambda: self._board.city.publication)
        timetables = Timetables()
        stops = StopCounter(database, self._board, teller, timetables, self._keeper.tell)
        follower = Follower(database, self._board, self._keeper, timetables)
        self._under_way = (stops.run, follower.run)
        trips = TripTeller(settings, database, self._mqtt, topics, key=self._board.publication_key)
        retention = Retention(settings, database)
        self._nightly = (Forecaster(settings, database).run, trips.run, retention.run)
        self._consumer = Consumer(
            self._mqtt,
            self._intake,
            self._keeper,
            batch_size=settings.batch_size,
            linger_s=settings.batch_linger_ms / 1000,
        )

    async def keep_state(self, stop: asyncio.Event) -> None:
        """Wait to be the active instance, load the state, keep it until `stop`, then disconnect."""
        self._readiness.clear(STATE, "standby: another instance is active")
        try:
            if await happened(self._leadership.acquire(), stop):
                await self._lead(stop)
        finally:
            await self._leadership.release()
            await self._traces.close()

    async def _lead(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()
            group.create_task(self._leadership.hold(done), name="leadership")
            if await happened(self._keeper.start(), stop):
                self._readiness.set(STATE)
                self._app.state.keeper = self._keeper
                self._app.state.intake = self._intake
                try:
                    await self._keep_state(stop)
                finally:
                    await self._mqtt.close()
            done.set()

    async def _keep_state(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            session_stop = asyncio.Event()
            session = group.create_task(self._mqtt.run(session_stop), name="mqtt")
            publishing = group.create_task(self._publisher.run(), name="publisher")
            consuming = group.create_task(self._consumer.run(), name="consumer")
            periodic = [
                group.create_task(work(stop), name=work.__qualname__)
                for work in (
                    self._pass_time,
                    self._fold_late,
                    self._sweep,
                    self._fetch_missed,
                    *self._sensors,
                    self._alerts.run,
                    *self._under_way,
                    *self._nightly,
                    self._known_trips.run,
                )
            ]
            await stop.wait()
            self._mqtt.stop_receiving()
            _, unfinished = await asyncio.wait([consuming, *periodic], timeout=DRAIN_S)
            for task in unfinished:
                # Nothing is lost: unacknowledged messages come again, the sweep publishes.
                log.warning("not_drained", task=task.get_name(), seconds=DRAIN_S)
                task.cancel()
            publishing.cancel()
            session_stop.set()
            await session

    async def report_readiness(self, stop: asyncio.Event) -> None:
        """Tell `/ready` twice a second whether the broker is there."""
        await report_broker(self._readiness, lambda: self._mqtt.is_connected, stop)

    async def _pass_time(self, stop: asyncio.Event) -> None:
        """Renew answers, and end those that nobody renewed."""
        clock = ClockWatch()
        while not stop.is_set():
            if clock.was_set_back():
                log.warning("clock_set_back")
                await self._keeper.look_at_everything()
            await self._keeper.pass_time()
            await pause(stop, LOOK_EVERY_S)

    async def _fold_late(self, stop: asyncio.Event) -> None:
        """Put what came very late into loads, a vehicle at a time, between what comes live."""
        while not stop.is_set():
            if not await self._keeper.fold_late():
                await pause(stop, LATE_EVERY_S)

    async def _sweep(self, stop: asyncio.Event) -> None:
        """Every second: what was committed and not published, and a newer configuration."""
        while not stop.is_set():
            await self._keeper.publish_left_over()
            await self._keeper.reload_configuration()
            await pause(stop, self._settings.sweep_every_s)

    async def _fetch_missed(self, stop: asyncio.Event) -> None:
        """At start, periodically and after every reconnect: what the broker did not bring."""
        published = 0
        while not stop.is_set():
            epoch = self._mqtt.epoch
            await self._catch_up.run_once()
            if self._mqtt.is_connected and epoch != published:
                # A broker that died may have forgotten the last it acknowledged, or everything.
                published = epoch
                self._keeper.publish_everything()
            waited_s = 0.0
            while waited_s < self._settings.catch_up_every_s and not stop.is_set():
                await pause(stop, 1.0)
                waited_s += 1.0
                if self._mqtt.is_connected and self._mqtt.epoch != published:
                    break


def _watching_sensors(settings: Settings, database: Database, board: Board) -> tuple[Work, ...]:
    silence = Silence(database, board, patience=timedelta(seconds=settings.alarm_after_s))
    return (Calibrating(database).run, Alarms(database, board).run, silence.run)
