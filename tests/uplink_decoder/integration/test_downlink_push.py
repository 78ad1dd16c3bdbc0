# SPDX-License-Identifier: EUPL-1.2
"""Downlinks over the address that a webhook of The Things Stack tells, on a real TLS server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.integration.test_mqtt_security import Authority
from support.asking import Ask, downlink_in_state
from support.stack import free_ports
from uplink_decoder.settings import UplinkSettings

DEVICE = "0200000000000001"
ORDER = {"f_port": 10, "bytes": "0101ff", "confirmed": True}
TTS_HEADERS = {"Authorization": "Bearer secret-of-tts"}
UP = {
    "end_device_ids": {
        "device_id": "bay-7",
        "dev_eui": DEVICE.upper(),
        "application_ids": {"application_id": "parking"},
    },
    "uplink_message": {"session_key_id": "AZ", "f_port": 1, "frm_payload": "AQ=="},
}


@dataclass
class PushServer:
    """The push endpoint of a Things Stack, over TLS."""

    address: str
    answers: list[int] = field(default_factory=list)
    taken: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    async def push(self, request: Request) -> Response:
        key = request.headers["authorization"]
        self.taken.append((request.url.path, key, await request.json()))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)


@pytest.fixture
async def tts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: UplinkSettings
) -> AsyncIterator[PushServer]:
    """Start before the decoder, so that this authority is among those it trusts."""
    assert settings.city
    authority = Authority("Things")
    certificate, key = authority.issue("127.0.0.1")
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    (tmp_path / "server.pem").write_bytes(certificate)
    (tmp_path / "server.key").write_bytes(key)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    (port,) = free_ports(1)
    things = PushServer(f"https://127.0.0.1:{port}/api/v3/as/applications/parking")
    app = Starlette(routes=[Route("/{path:path}", things.push, methods=["POST"])])
    async with serving(app, port, tmp_path):
        yield things


@asynccontextmanager
async def serving(app: Starlette, port: int, folder: Path) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        port=port,
        log_config=None,
        lifespan="off",
        ssl_certfile=str(folder / "server.pem"),
        ssl_keyfile=str(folder / "server.key"),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 (the server tells nobody)
            await asyncio.sleep(0.01)
        yield
        server.should_exit = True


async def test_downlink_is_pushed_to_the_address_that_the_webhook_told(
    tts: PushServer, running: Any, ask: Ask
) -> None:
    tts.answers = [503]
    headers = {
        **TTS_HEADERS,
        "X-Downlink-Push": f"{tts.address}/webhooks/takt/devices/bay-7/down/push",
        "X-Downlink-Apikey": "NNSXS.SECRET",
    }
    taken = await running.http.post("/v1/webhooks/ttn/up", json=UP, headers=headers)
    assert taken.status_code == 204
    ordered = (
        await ask("POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json=ORDER)
    ).json()
    found = await downlink_in_state(ask, ordered["downlink_id"], "handed_over")
    assert found["attempts"] == 2
    path = "/api/v3/as/applications/parking/webhooks/takt/devices/bay-7/down/push"
    assert [(each[0], each[1]) for each in tts.taken] == [(path, "Bearer NNSXS.SECRET")] * 2
    assert tts.taken[1][2]["downlinks"][0]["frm_payload"] == "AQH/"
    queued = {
        "end_device_ids": UP["end_device_ids"],
        "downlink_queued": {"correlation_ids": [f"stadttakt:downlink:{ordered['downlink_id']}"]},
    }
    answer = await running.http.post(
        "/v1/webhooks/ttn/down/queued", json=queued, headers=TTS_HEADERS
    )
    assert answer.status_code == 204
    await downlink_in_state(ask, ordered["downlink_id"], "scheduled")
    stored = await running.rows("select * from downlink, downlink_event")
    assert "SECRET" not in str(stored)


async def test_refusal_for_good_fails_the_downlink(tts: PushServer, running: Any, ask: Ask) -> None:
    tts.answers = [403]
    headers = {
        **TTS_HEADERS,
        "X-Downlink-Push": f"{tts.address}/webhooks/takt/devices/bay-7/down/push",
        "X-Downlink-Apikey": "NNSXS.SECRET",
    }
    await running.http.post("/v1/webhooks/ttn/up", json=UP, headers=headers)
    ordered = (
        await ask("POST", f"/v1/devices/{DEVICE}/downlinks", "devices:write", json=ORDER)
    ).json()
    failed = await downlink_in_state(ask, ordered["downlink_id"], "failed")
    assert failed["reason"] == "the server answered 403"
