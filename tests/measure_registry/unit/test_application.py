# SPDX-License-Identifier: EUPL-1.2
import pytest

from measure_registry.app import create_app
from measure_registry.settings import Settings
from support.http_app import in_process


async def test_application_needs_neither_broker_nor_database() -> None:
    async with in_process(create_app()) as client:
        assert (await client.get("/live")).status_code == 200
        assert (await client.get("/ready")).json()["detail"] == "not ready: database, mqtt"
        paths = (await client.get("/openapi.json")).json()["paths"]
    assert {"/live", "/v1/ideas", "/v1/criteria"} <= paths.keys()


def test_own_settings_come_before_shared_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().http_port == 8106
    monkeypatch.setenv("STADTTAKT_LOG_LEVEL", "error")
    monkeypatch.setenv("STADTTAKT_REGISTRY_LOG_LEVEL", "warning")
    assert Settings().log_level == "warning"
