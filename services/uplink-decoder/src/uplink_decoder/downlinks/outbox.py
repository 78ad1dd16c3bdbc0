# SPDX-License-Identifier: EUPL-1.2
"""Hands stored downlinks to the network servers and reads from their events what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, Outgoing, PublishRefusedError
from uplink_decoder import metrics
from uplink_decoder.dialects.downlink_commands import DownlinkFrame, chirpstack_command, tts_push
from uplink_decoder.dialects.downlink_events import read_evidence
from uplink_decoder.domain.downlinks import DownlinkState, Evidence
from uplink_decoder.downlinks.routes import MqttRoute, PushAddresses, PushRoute, find_route
from uplink_decoder.sources import Source, SourceTable
from uplink_decoder.storage import downlinks as storage

log = get_logger(__name__)

EVERY_S = 1.0
AT_ONCE = 50
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
PUSH_TIMEOUT_S = 10.0
TRACKED_FOR = timedelta(days=8)
OVERLAP = timedelta(minutes=10)
"""An event is visible at its commit, which may be later than its receipt."""
REFUSED_FOR_NOW = frozenset({408, 425, 429})


class Outbox:
    """Works off the downlinks of one decoder instance."""

    def __init__(
        self,
        *,
        database: Database,
        connection_of: Callable[[Source], MqttConnection | None],
        sources: SourceTable,
        pushes: PushAddresses,
        instance: str,
    ) -> None:
        self._database = database
        self._connection_of = connection_of
        self._sources = sources
        self._pushes = pushes
        self._instance = instance
        self._read_up_to: dict[str, datetime] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Hand over and track until `stop`; what was just being handed over is tried again later.

        A downlink is handed over at least once: if the process dies between the server's receipt
        and our note of it, the next one repeats it. ChirpStack refuses an id that still waits in
        its queue; The Things Stack sends the second one too.
        """
        await self._database.persist(lambda c: storage.release_own(c, self._instance))
        async with (
            httpx.AsyncClient(timeout=PUSH_TIMEOUT_S, follow_redirects=False) as client,
            asyncio.TaskGroup() as group,
        ):
            handing = group.create_task(self._hand_over_all(client), name="downlinks")
            tracking = group.create_task(self._track_all(), name="tracking")
            await stop.wait()
            handing.cancel()
            tracking.cancel()

    async def _hand_over_all(self, client: httpx.AsyncClient) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                for row in await self._database.persist(self._claim):
                    group.create_task(self._hand_over(row, client), name="downlink")
                await asyncio.sleep(EVERY_S)

    async def _claim(self, connection: Any) -> list[Any]:
        now = utc_now()
        await storage.expire(connection, now)
        return await storage.claim(connection, self._instance, now=now, limit=AT_ONCE)

    async def _hand_over(self, row: Any, client: httpx.AsyncClient) -> None:
        uplink = await self._database.persist(lambda c: storage.newest_uplink(c, row["dev_eui"]))
        route = find_route(uplink, self._sources, self._pushes)
        if route is None:
            await self._later(row, "no known way to the device: waits for its next uplink")
            return
        source_id, alias = route.source.source_id, route.alias
        await self._database.persist(
            lambda c: storage.note_route(c, row["downlink_id"], source_id=source_id, alias=alias)
        )
        if row["expires_at"] and row["expires_at"] <= utc_now():
            # The database may have been away since the claim.
            await self._note(row, DownlinkState.EXPIRED, "not handed over in time")
        elif isinstance(route, MqttRoute):
            await self._publish(row, route)
        else:
            await self._push(row, route, client)

    async def _publish(self, row: Any, route: MqttRoute) -> None:
        mqtt = self._connection_of(route.source)
        if mqtt is None or not mqtt.is_connected:
            await self._later(row, "the broker is away")
            return
        is_chirpstack = route.source.dialect == "chirpstack"
        payload = (chirpstack_command if is_chirpstack else tts_push)(_frame(row))
        left = row["expires_at"] and int((row["expires_at"] - utc_now()).total_seconds())
        try:
            over = await mqtt.publish_all([Outgoing(route.topic, payload, expiry_s=left)])
        except PublishRefusedError as error:
            await self._note(row, DownlinkState.FAILED, str(error))
        else:
            if over:
                await self._note(row, DownlinkState.EXPIRED, "no receipt in time: perhaps taken")
            else:
                await self._note(row, DownlinkState.HANDED_OVER, f"{route.source.source_id}: MQTT")

    async def _push(self, row: Any, route: PushRoute, client: httpx.AsyncClient) -> None:
        headers = {
            "authorization": f"Bearer {route.api_key.get_secret_value()}",
            "content-type": "application/json",
        }
        body = tts_push(_frame(row))
        try:
            answer = await client.post(route.url, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            await self._later(row, f"the server is away: {type(error).__name__}")
        except httpx.HTTPError as error:
            await self._later(row, f"no answer: {type(error).__name__}", maybe_taken=True)
        else:
            status = answer.status_code
            if answer.is_success:
                await self._note(row, DownlinkState.HANDED_OVER, f"{route.source.source_id}: HTTP")
            elif answer.is_server_error or status in REFUSED_FOR_NOW:
                await self._later(row, f"the server answered {status}")
            else:
                await self._note(row, DownlinkState.FAILED, f"the server answered {status}")

    async def _note(self, row: Any, state: DownlinkState, detail: str) -> None:
        evidence = Evidence(row["downlink_id"], state, detail)
        key, at = f"attempt {row['attempts']}", utc_now()
        await self._database.persist(lambda c: storage.note(c, evidence, key=key, at=at))
        metrics.DOWNLINKS.labels(state).inc()
        log.info("downlink", downlink_id=str(row["downlink_id"]), state=state, detail=detail)

    async def _later(self, row: Any, reason: str, *, maybe_taken: bool = False) -> None:
        """Try again after a pause; the server has it surely not, unless `maybe_taken`."""
        pause_s = min(FIRST_PAUSE_S * 2 ** min(row["attempts"] - 1, 10), LONGEST_PAUSE_S)
        again = utc_now() + timedelta(seconds=pause_s)
        await self._database.persist(
            lambda c: storage.release(
                c,
                row["downlink_id"],
                next_attempt_at=again,
                reason=reason,
                maybe_taken=maybe_taken,
            )
        )

    async def _track_all(self) -> None:
        while True:
            await self.track()
            await asyncio.sleep(EVERY_S)

    async def track(self) -> None:
        """Read what servers told about open downlinks since the last time."""
        since = utc_now() - TRACKED_FOR
        devices = await self._database.persist(lambda c: storage.tracked(c, since))
        read_up_to = {name: self._read_up_to.get(name, at) for name, at in devices.items()}
        if devices:
            oldest = min(read_up_to.values()) - OVERLAP
            now = utc_now()
            await self._database.persist(lambda c: _note_events(c, list(devices), oldest))
            read_up_to = dict.fromkeys(read_up_to, now)
        self._read_up_to = read_up_to


async def _note_events(connection: Any, devices: list[str], since: datetime) -> None:
    for row in await storage.events(connection, devices, since):
        for told in read_evidence(row["kind"], row["code"], bytes(row["raw"])):
            key = f"event {row['event_id']}"
            if await storage.note(connection, told, key=key, at=row["received_at"], by=row):
                metrics.DOWNLINKS.labels(told.state).inc()


def _frame(row: Any) -> DownlinkFrame:
    return DownlinkFrame(
        downlink_id=row["downlink_id"],
        dev_eui=row["dev_eui"],
        f_port=row["f_port"],
        payload=bytes(row["payload"]),
        confirmed=row["confirmed"],
        priority=row["priority"],
    )
