# SPDX-License-Identifier: EUPL-1.2
"""All six services as processes in Halle as it is shipped: each becomes ready, answers, and leaves in peace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy.engine import make_url

from e2e.messages import HALLE
from stadttakt_local.programs import own_database_urls, services
from stadttakt_local.settings import Ports
from stadttakt_runtime import plugins
from stadttakt_runtime.broker_access.passwords import kept_secret
from stadttakt_runtime.migrations.logins import ensure_logins
from support.service import running_together, wait_for
from support.stack import Stack, free_ports

Clients = dict[str, httpx.Client]
NAMES = ("uplink", "parking", "transit", "kpi", "opendata", "registry")


def drawn(secrets: Path) -> dict[str, str]:
    """Return a password for each service's login, kept in files as `stadttakt setup` keeps them."""
    return {name: kept_secret(secrets / f"database-password.{name}") for name in NAMES}


@pytest.fixture
def city(stack: Stack, database_url: str, topic_root: str, tmp_path: Path) -> Iterator[Clients]:
    """All services, as the local stack starts them, each with its own login at the database; clients by name."""
    ensure_logins(database_url, drawn(tmp_path / "secrets"))
    for applier in plugins.load(plugins.CITY).values():
        applier(HALLE, database_url)
    ports = Ports(stack.postgres.port, stack.mosquitto.port, *free_ports(len(NAMES)))
    shared = {
        # nobody's: a service that asks by another address than its own stays away
        "STADTTAKT_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        **own_database_urls(database_url, tmp_path),
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


def test_every_service_becomes_ready_and_tells_of_halle(
    city: Clients, stack: Stack, database_url: str
) -> None:
    for client in city.values():
        wait_for(client, "/ready", 200)
    query = (
        "select distinct usename from pg_stat_activity where application_name like 'stadttakt-%%'"
    )
    with psycopg.connect(stack.postgres.admin_url) as connection:
        logged_in = {
            row[0]
            for row in connection.execute(
                query + " and datname = %s", [make_url(database_url).database]
            )
        }
    assert logged_in == {f"{name}_login" for name in NAMES}
    assert city["parking"].get("/v1/signs/ratshof-einfahrt").json()["state"] == "unknown"
    assert len(city["transit"].get("/v1/vehicles").json()["items"]) == 100
    assert city["kpi"].get("/v1/scorecard").json()["mehrwerte"]
    sites = wait_for(city["opendata"], "/feeds/parkapi/v3/parking-sites", 200).json()["items"]
    assert {"ratshof", "riebeckplatz"} <= {each["uid"] for each in sites}
    assert "Halle" in city["opendata"].get("/").text
    assert city["opendata"].get("/catalog.ttl").status_code == 200
