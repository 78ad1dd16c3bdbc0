# SPDX-License-Identifier: EUPL-1.2
from measure_registry.migrations import MIGRATIONS
from stadttakt_runtime.migrations.upgrade import drift
from support.database import empty_database
from support.service import running, start, wait_for
from support.stack import Stack


def test_service_is_ready_on_its_schema_and_leaves_on_sigterm(
    database_url: str, mqtt_url: str
) -> None:
    with running(
        "measure_registry", STADTTAKT_DATABASE_URL=database_url, STADTTAKT_MQTT_URL=mqtt_url
    ) as client:
        assert wait_for(client, "/ready", 200).json() == {"status": "ready"}
        assert client.get("/metrics").status_code == 200


def test_service_refuses_a_database_without_its_schema(stack: Stack) -> None:
    with empty_database(stack) as url:
        process = start("measure_registry", STADTTAKT_DATABASE_URL=url)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "run: stadttakt migrate registry" in log


def test_tables_and_revisions_agree(database_url: str) -> None:
    assert drift(database_url, MIGRATIONS) is None
