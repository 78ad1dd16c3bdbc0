# SPDX-License-Identifier: EUPL-1.2
"""The services to be fuzzed: each its own process, database and city, with something in them to be found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from measure_registry.sealing import new_key
from stadttakt_runtime import plugins
from support import service
from support.asking import mint_key
from support.ideas import IDEA, WHY
from support.stack import Stack

HALLE = Path(__file__).parents[2] / "deploy/cities/halle"
ROOT = "fuzz/v1"
SECRET = "secret-of-every-webhook"
FORMAT = {
    "title": {"de": "Werkstatt", "en": "Workshop"},
    "kind": "workshop",
    "held_on": "2026-03-05",
}
SECRETS = dict.fromkeys(
    ("STADTTAKT_UPLINK_WEBHOOK_SECRET_STADTWERKE", "STADTTAKT_UPLINK_WEBHOOK_SECRET_TTS"), SECRET
)


@dataclass(frozen=True)
class Target:
    """Where a service answers, and what opens everything."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Place:
    """Servers to run on, the name of a database with all schemas, and an empty folder."""

    stack: Stack
    migrated: str
    folder: Path

    @property
    def mqtt_url(self) -> str:
        return self.stack.mosquitto.url


@contextmanager
def database(stack: Stack, migrated: str, name: str) -> Iterator[str]:
    """Yield the URL of a database of this name with all schemas."""
    owner = conninfo_to_dict(stack.postgres.url)["user"]
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database {name} owner {owner} template {migrated}")
        url = make_url(stack.postgres.url).set(database=name)
        yield url.render_as_string(hide_password=False)
        connection.execute(f"drop database {name} with (force)")


@contextmanager
def target(package: str, url: str, mqtt_url: str, **settings: str) -> Iterator[Target]:
    """Yield a running service; it must live and leave in order after all that is sent to it."""
    headers = {"x-stadttakt-secret": SECRET} if package == "uplink_decoder" else {}
    key = asyncio.run(mint_key(url, "admin"))
    shared = {
        "STADTTAKT_DATABASE_URL": url,
        "STADTTAKT_MQTT_URL": mqtt_url,
        "STADTTAKT_TOPIC_ROOT": ROOT,
        "STADTTAKT_CITY": str(HALLE),
        "STADTTAKT_INSTANCE": "fuzz",
        "STADTTAKT_LOG_LEVEL": "error",
    }
    with service.running(package, **shared, **settings) as client:
        service.wait_for(client, "/ready", 200)
        yield Target(str(client.base_url), {"authorization": f"Bearer {key}", **headers})


def apply_city(url: str) -> None:
    """Fill the tables from the city's folder, as `stadttakt city apply` does."""
    for apply in plugins.load(plugins.CITY).values():
        list(apply(HALLE, url))


def _simple(
    package: str, **settings: str
) -> Callable[[str, Place], AbstractContextManager[Target]]:
    return lambda url, place: target(package, url, place.mqtt_url, **settings)


@contextmanager
def _publisher(url: str, place: Place) -> Iterator[Target]:
    """Yield the publisher once it has something to publish: parking's lots."""
    with (
        target("parking_occupancy", url, place.mqtt_url),
        target("open_data_publisher", url, place.mqtt_url) as running,
    ):
        told = running.url + "/feeds/parkapi/v3/parking-sites"
        deadline = time.monotonic() + 60
        while httpx.get(told).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield running


@contextmanager
def _registry(url: str, place: Place) -> Iterator[Target]:
    keys = place.folder / "keys"
    keys.write_text(new_key() + "\n")
    settings = {
        "STADTTAKT_REGISTRY_CONTACT_KEY_FILE": str(keys),
        # Not a limit is to be met, but what is behind it.
        "STADTTAKT_REGISTRY_INTAKE_PER_ADDRESS": "100000",
        "STADTTAKT_REGISTRY_INTAKE_PER_HOUR": "100000",
    }
    with target("measure_registry", url, place.mqtt_url, **settings) as running:
        for path, body in (("ideas", IDEA), ("formats", {"format": FORMAT, **WHY})):
            made = httpx.post(f"{running.url}/v1/{path}", json=body, headers=running.headers)
            assert made.status_code == 201, made.text
        yield running


SERVICES = {
    "uplink-decoder": _simple("uplink_decoder", **SECRETS),
    "parking-occupancy": _simple("parking_occupancy"),
    "vehicle-occupancy": _simple("vehicle_occupancy"),
    "kpi-aggregator": _simple("kpi_aggregator"),
    "open-data-publisher": _publisher,
    "measure-registry": _registry,
}
"""What runs each service, by the name of its OpenAPI document."""


@contextmanager
def serving(name: str, place: Place) -> Iterator[Target]:
    """Yield a service with a database of its own, filled from the city's folder."""
    with database(place.stack, place.migrated, f"fuzz_{name.replace('-', '_')}") as url:
        apply_city(url)
        with SERVICES[name](url, place) as running:
            yield running
