# SPDX-License-Identifier: EUPL-1.2
import pytest

from support.http_app import in_process
from vehicle_occupancy.app import create_app
from vehicle_occupancy.settings import Settings


async def test_application_needs_neither_broker_nor_database() -> None:
    async with in_process(create_app()) as client:
        assert (await client.get("/live")).status_code == 200
        assert (await client.get("/ready")).json()["detail"] == "not ready: database, mqtt, state"
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert (await client.get("/v1/vehicles")).status_code == 503
    assert {
        "/v1/vehicles",
        "/v1/vehicles/{vehicle_id}",
        "/v1/observations",
        "/v1/acceptance-tests",
    } <= paths.keys()


def test_own_settings_come_before_shared_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().http_port == 8103
    monkeypatch.setenv("STADTTAKT_LOG_LEVEL", "error")
    monkeypatch.setenv("STADTTAKT_TRANSIT_LOG_LEVEL", "warning")
    assert Settings().log_level == "warning"
