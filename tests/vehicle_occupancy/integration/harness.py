# SPDX-License-Identifier: EUPL-1.2
"""A small fleet and the service in this process, on the real broker and database."""

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

from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.topics import Topics
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions, Outgoing
from support.asking import mint_key
from vehicle_occupancy.app import create_app
from vehicle_occupancy.service import Transit
from vehicle_occupancy.settings import Settings

_numbers = itertools.count(1)
KINDS = """\
kinds:
  - kind: tram
    name: Tram
    mode: tram
    seats: 60
    standing: 90
    doors: ["1", "2"]
    silent_after_s: {silent_after_s}
    counting: {{counter_bits: 16}}
"""


def write_city(folder: Path, *vehicles: str, silent_after_s: float = 900) -> Path:
    """Write a city of these vehicles, each with two doors; returns its folder."""
    transit = folder / "transit"
    transit.mkdir(parents=True, exist_ok=True)
    entries = "".join(f"  - {{vehicle_id: {each}, kind: tram}}\n" for each in vehicles)
    kinds = KINDS.format(silent_after_s=silent_after_s)
    (transit / "vehicles.yaml").write_text(f"{kinds}vehicles:\n{entries}")
    (folder / "city.yaml").write_text("timezone: Europe/Berlin\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    return folder


def event(
    name: str,
    subject: str,
    data: dict[str, Any],
    *,
    at: datetime | None = None,
    event_id: str | None = None,
    simulated: bool = False,
    corrects: str | None = None,
    traceparent: str | None = None,
) -> bytes:
    fields = {
        "specversion": "1.0",
        "id": event_id or f"test-{os.getpid()}-{next(_numbers)}",
        "source": "/test",
        "type": event_type(name),
        "subject": subject,
        "time": at or utc_now(),
        "datacontenttype": "application/json",
        "dataschema": schema_urn(name),
        "data": data,
        **({"simulated": True} if simulated else {}),
        **({"corrects": corrects} if corrects else {}),
        **({"traceparent": traceparent} if traceparent else {}),
    }
    return orjson.dumps(fields)


def count(
    vehicle: str,
    door: str,
    inwards: int,
    outwards: int = 0,
    *,
    mode: str = "delta",
    quality: str = "regular",
    **fields: Any,
) -> bytes:
    counts = [{"class": "adult", "in": inwards, "out": outwards}]
    data = {"mode": mode, "counts": counts, "quality": quality}
    return event("passenger-count", f"vehicle/{vehicle}/door/{door}", data, **fields)


async def tell_nobody(legs: object) -> None:
    """Take which stops vehicles make for."""


def ago(seconds: float) -> datetime:
    return utc_now() - timedelta(seconds=seconds)


@dataclass
class Wire:
    """The other side of the broker: says things of vehicles, sees states."""

    topics: Topics
    mqtt: MqttConnection
    states: dict[str, list[dict[str, Any] | None]] = field(default_factory=dict)

    async def count(self, vehicle: str, door: str, *passed: int, **fields: Any) -> None:
        await self.send(
            self.topics.passenger_count(vehicle, door), count(vehicle, door, *passed, **fields)
        )

    async def assign(self, vehicle: str, data: dict[str, Any], **fields: Any) -> None:
        payload = event("trip-assignment", f"vehicle/{vehicle}", data, **fields)
        await self.send(self.topics.trip_assignment(vehicle), payload)

    async def send(self, topic: str, payload: bytes) -> None:
        await self.mqtt.publish_all([Outgoing(topic, payload)])

    async def read(self) -> None:
        while messages := await self.mqtt.next_batch(500):
            for message in messages:
                entity = "/".join(message.topic.split("/")[-2:])
                told = orjson.loads(message.payload) if message.payload else None
                self.states.setdefault(entity, []).append(told)
            self.mqtt.acknowledge(messages)

    def ids(self, entity: str) -> set[str]:
        return {event["id"] for event in self.states.get(entity, []) if event}

    def last(self, entity: str) -> dict[str, Any]:
        seen = self.states.get(entity)
        return seen[-1]["data"] if seen and seen[-1] else {}


@dataclass(frozen=True)
class World:
    """Where one test's service lives: nobody else uses its topics and session."""

    database_url: str
    mqtt_url: str
    root: str = field(default_factory=lambda: f"takt/v{os.getpid()}x{next(_numbers)}")
    city: Path | None = None

    @property
    def settings(self) -> Settings:
        return Settings(
            database_url=self.database_url,
            mqtt_url=self.mqtt_url,
            topic_root=self.root,
            instance=self.root.replace("/", "-"),
            city=self.city,
            sweep_every_s=0.2,
            catch_up_every_s=1,
            alarm_after_s=0.5,
        )

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Running]:
        """Run the service without its HTTP server; leaves as on SIGTERM."""
        settings, app = self.settings, create_app(self.settings)
        url = settings.database_url.get_secret_value()
        async with Database.open(url, schema="transit") as database:
            attach_database(app, database)
            stop = asyncio.Event()
            transit = Transit(settings, database, app)
            transport = httpx.ASGITransport(app)
            async with (
                asyncio.TaskGroup() as group,
                httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            ):
                for work in (transit.keep_state, transit.report_readiness):
                    group.create_task(work(stop))
                await eventually(lambda: {"mqtt", "state"}.isdisjoint(app.state.readiness.missing))
                yield Running(app, client, database)
                stop.set()

    async def key(self, *scopes: Scope) -> str:
        """Return a new API key."""
        return await mint_key(self.database_url, *scopes)

    async def bearer(self, *scopes: Scope) -> dict[str, str]:
        """Return the header that presents a new API key."""
        return {"authorization": f"Bearer {await self.key(*scopes)}"}

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        """Connect as another client that sees all that is retained."""
        options = MqttOptions.from_settings(
            self.settings,
            client_id=f"test-{os.getpid()}-{next(_numbers)}",
            subscriptions=tuple(
                f"{self.root}/{each}/#" for each in ("state", "restricted", "alert")
            ),
        )
        wire = Wire(Topics(self.root), MqttConnection(options))
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


@dataclass(frozen=True)
class Running:
    """The service in this process."""

    app: FastAPI
    client: httpx.AsyncClient
    database: Database

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

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
