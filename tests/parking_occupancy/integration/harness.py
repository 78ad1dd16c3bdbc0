# SPDX-License-Identifier: EUPL-1.2
"""A small city and the service in this process, on the real broker and database."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from parking_occupancy.app import create_app
from parking_occupancy.service import Parking
from parking_occupancy.settings import ParkingSettings
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.topics import Topics
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions, Outgoing
from support.asking import mint_key

_numbers = itertools.count(1)


def write_city(
    folder: Path,
    *,
    bays: int = 4,
    limit_s: float = 3600,
    sign: str = "",
    lot: str = "",
    extra_bays: str = "",
) -> Path:
    """Write a city of one lot `platz` and one sign `tor`; returns its folder."""
    parking = folder / "parking"
    parking.mkdir(parents=True, exist_ok=True)
    extra = extra_bays.count("\n")
    (parking / "lots.yaml").write_text(
        "lots:\n  - lot_id: platz\n    name: Platz\n"
        f"    capacity: {bays + extra}\n    detection: single_bay\n    lat: 51.48\n    lon: 11.96\n"
        f"    heartbeat_limit_s: {limit_s}\n{lot}"
    )
    (parking / "bays.csv").write_text(
        "bay_id,lot_id,kind,lat,lon,heartbeat_limit_s\n"
        + "".join(f"platz-{n},platz,general,51.48,11.96,\n" for n in range(1, bays + 1))
        + extra_bays
    )
    (parking / "signs.yaml").write_text(
        f"signs:\n  - sign_id: tor\n    lot_id: platz\n    lat: 51.48\n    lon: 11.96\n{sign}"
    )
    return folder


@dataclass
class Wire:
    """The other side of the broker: sends observations, sees states."""

    topics: Topics
    mqtt: MqttConnection
    states: dict[str, list[dict[str, Any] | None]] = field(default_factory=dict)
    expiries: list[int] = field(default_factory=list)

    async def observe(self, bay: str, occupied: bool, **fields: Any) -> None:  # noqa: FBT001
        await self.send(observation(bay, occupied, **fields), bay)

    async def send(self, payload: bytes, bay: str) -> None:
        await self.mqtt.publish_all([Outgoing(self.topics.bay_occupancy(bay), payload)])

    async def read(self) -> None:
        while messages := await self.mqtt.next_batch(500):
            for message in messages:
                entity = "/".join(message.topic.split("/")[-2:])
                event = orjson.loads(message.payload) if message.payload else None
                self.states.setdefault(entity, []).append(event)
            self.mqtt.acknowledge(messages)

    def last(self, entity: str) -> dict[str, Any]:
        seen = self.states.get(entity)
        return seen[-1]["data"] if seen and seen[-1] else {}


def observation(
    bay: str,
    occupied: bool,  # noqa: FBT001
    *,
    at: datetime | None = None,
    event_id: str | None = None,
    simulated: bool = False,
    quality: str = "good",
    sensor: str | None = None,
) -> bytes:
    event = {
        "specversion": "1.0",
        "id": event_id or f"test-{os.getpid()}-{next(_numbers)}",
        "source": "/test",
        "type": event_type("bay-occupancy"),
        "subject": f"bay/{bay}",
        "time": at or utc_now(),
        "datacontenttype": "application/json",
        "dataschema": schema_urn("bay-occupancy"),
        "data": {"occupied": occupied, "quality": quality},
    }
    if sensor is not None:
        event["sensor"] = sensor
    return orjson.dumps({**event, **({"simulated": True} if simulated else {})})


def ago(seconds: float) -> datetime:
    return utc_now() - timedelta(seconds=seconds)


@dataclass(frozen=True)
class World:
    """Where one test's service lives: nobody else uses its topics and session."""

    database_url: str
    mqtt_url: str
    root: str = field(default_factory=lambda: f"takt/t{os.getpid()}x{next(_numbers)}")
    learning: bool = False

    @property
    def settings(self) -> ParkingSettings:
        return ParkingSettings(
            database_url=self.database_url,
            mqtt_url=self.mqtt_url,
            topic_root=self.root,
            instance=self.root.replace("/", "-"),
            reload_every_s=0.2,
            alarm_after_s=0.5,
            catch_up_every_s=1,
            forecast_learning=self.learning,
        )

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Running]:
        """Run the service without its HTTP server; leaves as on SIGTERM."""
        settings, app = self.settings, create_app(self.settings)
        url = settings.database_url.get_secret_value()
        async with Database.open(url, schema="parking") as database:
            attach_database(app, database)
            stop = asyncio.Event()
            parking = Parking(settings, database, app)
            async with (
                asyncio.TaskGroup() as group,
                httpx.AsyncClient(transport=Patient(app), base_url="http://test") as client,
            ):
                for work in (parking.keep_state, parking.watch_signs, parking.report_readiness):
                    group.create_task(work(stop))
                await eventually(lambda: {"mqtt", "state"}.isdisjoint(app.state.readiness.missing))
                yield Running(app, client, database)
                stop.set()

    async def key(self, *scopes: Scope) -> str:
        """Return a new API key."""
        return await mint_key(self.database_url, *scopes)

    @asynccontextmanager
    async def wire(self, *entities: str) -> AsyncIterator[Wire]:
        """Connect as another client that sees these retained states."""
        topics = Topics(self.root)
        options = MqttOptions.from_settings(
            self.settings,
            client_id=f"test-{os.getpid()}-{next(_numbers)}",
            subscriptions=(
                *(f"{self.root}/state/{entity}" for entity in entities or ("#",)),
                f"{self.root}/alert/#",
            ),
        )
        wire = Wire(topics, MqttConnection(options))
        stop = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(wire.mqtt.run(stop))
                group.create_task(wire.read())
                await eventually(lambda: wire.mqtt.is_connected)
                yield wire
                wire.mqtt.stop_receiving()
                stop.set()
        finally:
            await wire.mqtt.close()


class Patient(httpx.ASGITransport):
    """Asks again, as a poller does, where the machine was so busy that the service stood still."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(50):
            answer = await super().handle_async_request(request)
            if answer.status_code != 503 or b"stood still" not in await answer.aread():
                break
            await asyncio.sleep(0.1)
        return answer


@dataclass(frozen=True)
class Running:
    """The service in this process."""

    app: FastAPI
    client: httpx.AsyncClient
    database: Database

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def sign(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.get("/v1/signs/tor")).json()
        return answer

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return list(await connection.fetch(sql, *values))


async def eventually(holds: Callable[[], object], *, within_s: float = 15) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 (there is nothing to be told by)
            await asyncio.sleep(0.01)


async def until(
    ask: Callable[[], Any], wanted: Callable[[Any], object], *, within_s: float = 15
) -> Any:
    """Ask until the answer is the wanted one; shows the last one where it never is."""
    answer = None
    try:
        async with asyncio.timeout(within_s):
            while not wanted(answer := await ask()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"last answer: {answer}") from None
    return answer
