# SPDX-License-Identifier: EUPL-1.2
"""The services to be fuzzed: each its own process, database and city, with something in them to be found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from fuzz.answering import Target
from stadttakt_runtime import plugins
from support import service
from support.asking import mint_key
from support.stack import Stack

HALLE = Path(__file__).parents[2] / "deploy/cities/halle"
ROOT = "fuzz/v1"
SECRET = "secret-of-every-webhook"


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
    key, other = [asyncio.run(mint_key(url, "admin")) for _ in range(2)]
    shared = {
        "STADTTAKT_DATABASE_URL": url,
        "STADTTAKT_MQTT_URL": mqtt_url,
        "STADTTAKT_TOPIC_ROOT": ROOT,
        "STADTTAKT_CITY": str(HALLE),
        "STADTTAKT_INSTANCE": "fuzz",
        "STADTTAKT_LOG_LEVEL": "error",
    }
    with service.running(package, **{**shared, **settings}) as client:
        service.wait_for(client, "/ready", 200)
        yield Target(
            str(client.base_url),
            {"authorization": f"Bearer {key}", **headers},
            {"authorization": f"Bearer {other}"},
        )


@contextmanager
def in_halle(package: str, url: str, place: Place) -> Iterator[Target]:
    """Yield a service that needs nothing but Halle as it is configured."""
    apply_city(url)
    with target(package, url, place.mqtt_url) as found:
        yield found


def apply_city(url: str, folder: Path = HALLE) -> None:
    """Fill the tables from a city's folder, as `stadttakt city apply` does."""
    for apply in plugins.load(plugins.CITY).values():
        list(apply(folder, url))
