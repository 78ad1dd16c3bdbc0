# SPDX-License-Identifier: EUPL-1.2
"""The service's parts and their workers, put together once; owns their order of leaving."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fastapi import FastAPI

from parking_occupancy import metrics
from parking_occupancy.alarms import Alarms
from parking_occupancy.board import Board
from parking_occupancy.catch_up import CatchUp
from parking_occupancy.causes import Causes
from parking_occupancy.consumer import Consumer
from parking_occupancy.courtesy import Courtesy
from parking_occupancy.forecasting.forecaster import Forecaster
from parking_occupancy.historian import Historian
from parking_occupancy.keeper import Keeper
from parking_occupancy.publisher import Publisher
from parking_occupancy.reading import BAY, GATE
from parking_occupancy.retention import Retention
from parking_occupancy.screens import Screens
from parking_occupancy.settings import ParkingSettings
from parking_occupancy.stay_counter import StayCounter
from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import AlertPublisher
from stadttakt_runtime.broker_readiness import AWAY, report_broker
from stadttakt_runtime.clock import ClockWatch, utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.leadership import Leadership
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import happened, pause
from stadttakt_runtime.tracing import Traces

log = get_logger(__name__)

STATE = "state"
DRAIN_S = 20.0
LONGEST_WAIT_S = 0.25
LOAD_AHEAD_EVERY_S = 2.0
LOOKED_AT_ONCE = 500


class Parking:
    """Session, keeper, publisher and periodic work of one parking service."""

    def __init__(self, settings: ParkingSettings, database: Database, app: FastAPI) -> None:
        self._settings = settings
        self._app = app
        self._readiness: Readiness = app.state.readiness
        self._board: Board = app.state.board
        self._screens: Screens = app.state.screens
        topics = Topics(settings.topic_root)
        url = settings.database_url.get_secret_value()
        self._leadership = Leadership(database, url, certainty=app.state.certainty)
        self._unguarded = database
        database = database.guarded(self._leadership.fence)
        self._mqtt = self._session(settings, database, topics)
        self._traces = Traces.of(settings, "parking-occupancy")
        self._publisher = Publisher(self._board, self._mqtt, topics, self._traces)
        self._keeper = Keeper(
            database, self._board, self._publisher, self._screens.render, Causes(self._traces)
        )
        self._catch_up = CatchUp(database, self._keeper, topics)
        self._historian = Historian(database, self._keeper, Courtesy(self._waiting))
        self._stays = StayCounter(
            settings, database, self._keeper, courtesy=Courtesy(self._waiting)
        )
        self._alarms = Alarms(
            database, self._board, patience=timedelta(seconds=settings.alarm_after_s)
        )
        self._alerts = AlertPublisher(
            database, self._mqtt, service="parking-occupancy", topics=topics
        )
        self._forecaster = Forecaster(settings, database, app.state.forecast_checks)
        self._retention = Retention(settings, database)
        self._consumer = Consumer(
            self._mqtt,
            self._keeper,
            batch_size=settings.batch_size,
            linger_s=settings.batch_linger_ms / 1000,
        )

    def _session(
        self, settings: ParkingSettings, database: Database, topics: Topics
    ) -> MqttConnection:
        return MqttConnection(
            MqttOptions.from_settings(
                settings,
                client_id=f"stadttakt-parking-{settings.instance}",
                subscriptions=tuple(topics.all_of(BY_NAME[name].pattern) for name in (BAY, GATE)),
                receive_maximum=settings.receive_maximum,
            ),
            may_connect=lambda: database.persist(self._leadership.fence),
        )

    def _waiting(self) -> int:
        return self._mqtt.backlog

    async def keep_state(self, stop: asyncio.Event) -> None:
        """Wait to be the active instance, load the state, keep it until `stop`, then disconnect."""
        self._readiness.clear(STATE, "standby: another instance is active")
        try:
            if await happened(self._stand_by(), stop):
                await self._lead(stop)
        finally:
            await self._leadership.release()
            await self._traces.close()

    async def _stand_by(self) -> None:
        """Wait for the lead; who waits long keeps at hand what it will need then."""
        async with asyncio.TaskGroup() as group:
            acquiring = group.create_task(self._leadership.acquire(), name="acquire")
            while not (await asyncio.wait([acquiring], timeout=LOAD_AHEAD_EVERY_S))[0]:
                await self._keeper.load_ahead(self._unguarded)
                if not acquiring.done():
                    self._readiness.clear(
                        STATE, "standby with the state at hand: another is active"
                    )

    async def _lead(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()
            group.create_task(self._leadership.hold(done), name="leadership")
            if await happened(self._keeper.start(), stop):
                self._readiness.set(STATE)
                self._app.state.keeper = self._keeper
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
                group.create_task(work(stop), name=work.__name__)
                for work in (
                    self._pass_time,
                    self._reconfigure,
                    self._fetch_missed,
                    self._historian.run,
                    self._stays.run,
                    self._alarms.run,
                    self._alerts.run,
                    self._forecaster.run,
                    self._retention.run,
                )
            ]
            await stop.wait()
            self._mqtt.stop_receiving()
            _, unfinished = await asyncio.wait([consuming, *periodic], timeout=DRAIN_S)
            for task in unfinished:
                # Nothing is lost: unacknowledged messages come again, a start publishes everything.
                log.warning("not_drained", task=task.get_name(), seconds=DRAIN_S)
                task.cancel()
            publishing.cancel()
            session_stop.set()
            await session

    async def watch_signs(self, stop: asyncio.Event) -> None:
        """Tell watchers of signs that nobody renewed, with or without a database."""
        while not stop.is_set():
            metrics.WITHDRAWN.set(self._screens.withdraw_expired(utc_now()))
            await pause(stop, 0.5)

    async def report_readiness(self, stop: asyncio.Event) -> None:
        """Tell `/ready` twice a second whether the broker is there."""
        await report_broker(
            self._readiness, lambda: self._mqtt.is_connected, stop, away=self._why_away
        )

    def _why_away(self) -> str:
        return AWAY if self._leadership.epoch is not None else "a standby is not connected"

    async def _pass_time(self, stop: asyncio.Event) -> None:
        """Look at bays, lots and signs when their time has come, and only then."""
        deadlines, clock = self._board.deadlines, ClockWatch()
        while not stop.is_set():
            if clock.was_set_back():
                log.warning("clock_set_back")
                await self._keeper.look_at_everything()
            due = deadlines.take_due(utc_now(), LOOKED_AT_ONCE)
            if due:
                await self._keeper.look_at(due)
                continue
            next_at = deadlines.next_at()
            wait_s = (next_at - utc_now()).total_seconds() if next_at else LONGEST_WAIT_S
            await pause(stop, min(max(wait_s, 0.001), LONGEST_WAIT_S))

    async def _reconfigure(self, stop: asyncio.Event) -> None:
        """Every second: take over a newer configuration."""
        while not stop.is_set():
            await self._keeper.reload_configuration()
            await pause(stop, self._settings.reload_every_s)

    async def _fetch_missed(self, stop: asyncio.Event) -> None:
        """At start, periodically and after every reconnect: what the broker did not bring."""
        # What was loaded at the start goes out over the first connection.
        published = 1
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
