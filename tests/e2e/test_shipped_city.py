# SPDX-License-Identifier: EUPL-1.2
"""All six services as processes in Halle as it is shipped: each becomes ready, answers, and leaves in peace."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from e2e.messages import HALLE
from stadttakt_local.programs import services
from stadttakt_local.settings import Ports
from stadttakt_runtime import plugins
from support.service import running_together, wait_for
from support.stack import Stack, free_ports

Clients = dict[str, httpx.Client]
NAMES = ("uplink", "parking", "transit", "kpi", "opendata", "registry")


@pytest.fixture
def city(stack: Stack, database_url: str, topic_root: str) -> Iterator[Clients]:
    """All services, as the local stack starts them, with clients by name."""
    for applier in plugins.load(plugins.CITY).values():
        applier(HALLE, database_url)
    ports = Ports(stack.postgres.port, stack.mosquitto.port, *free_ports(len(NAMES)))
    shared = {
        "STADTTAKT_DATABASE_URL": database_url,
        "STADTTAKT_MQTT_URL": stack.mosquitto.url,
        "STADTTAKT_CITY": str(HALLE),
        "STADTTAKT_TOPIC_ROOT": topic_root,
        "STADTTAKT_INSTANCE": topic_root.replace("/", "-"),
    }
    programs = [
        (program.command[-1], program.port, {**shared, **program.environment})
        for program in services(ports)
    ]
    with running_together(programs) as clients:
        yield dict(zip(NAMES, clients, strict=True))


def test_every_service_becomes_ready_and_tells_of_halle(city: Clients) -> None:
    for client in city.values():
        wait_for(client, "/ready", 200)
    assert city["parking"].get("/v1/signs/ratshof-einfahrt").json()["state"] == "unknown"
    assert len(city["transit"].get("/v1/vehicles").json()["items"]) == 100
    assert city["kpi"].get("/v1/scorecard").json()["mehrwerte"]
    sites = wait_for(city["opendata"], "/feeds/parkapi/v3/parking-sites", 200).json()["items"]
    assert {"ratshof", "riebeckplatz"} <= {each["uid"] for each in sites}
    assert "Halle" in city["opendata"].get("/").text
    assert city["opendata"].get("/catalog.ttl").status_code == 200
