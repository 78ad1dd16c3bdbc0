# SPDX-License-Identifier: EUPL-1.2
"""Services as processes on a stack of their own, and what their metrics say."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from stadttakt_runtime import plugins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from support.service import spawn, wait_for
from support.stack import Stack, free_ports

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


def new_database(stack: Stack, name: str, city: Path) -> str:
    """Create a migrated database with the city applied; return its URL."""
    owner = conninfo_to_dict(stack.postgres.url)["user"]
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database {name} owner {owner}")
    admin = make_url(stack.postgres.admin_url).set(database=name)
    with psycopg.connect(admin.render_as_string(hide_password=False)) as connection:
        connection.execute("create extension timescaledb")
    url = make_url(stack.postgres.url).set(database=name).render_as_string(hide_password=False)
    migrate(url, select_targets(plugins.load(plugins.MIGRATIONS), []))
    for apply in plugins.load(plugins.CITY).values():
        apply(city, url)
    return url


@cache
def _client() -> httpx.Client:
    return httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))


def ask(url: str, *, timeout: float = 5, **given: Any) -> httpx.Response:
    """Return the answer of a service; `httpx.get` would load the machine's certificates for it, 40 ms of CPU."""
    return _client().get(url, timeout=timeout, **given)


@dataclass(frozen=True)
class Service:
    """A running service and where it answers."""

    process: subprocess.Popen[str]
    url: str

    def samples(self) -> dict[str, float]:
        """Return its metrics, labels left out, samples of one name added up."""
        text = ask(f"{self.url}/metrics").text
        found: dict[str, float] = {}
        for name, _, value in SAMPLE.findall(text):
            found[name] = found.get(name, 0.0) + float(value)
        return found


@contextmanager
def started(
    module: str,
    database_url: str,
    mqtt_url: str,
    city: Path,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Service]:
    """Run a service until the block ends, ready or not; its log goes to the caller's standard error."""
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "STADTTAKT_DATABASE_URL": database_url,
        "STADTTAKT_MQTT_URL": mqtt_url,
        "STADTTAKT_CITY": str(city),
        "STADTTAKT_HTTP_PORT": str(port),
        "STADTTAKT_LOG_LEVEL": "warning",
        **settings,
    }
    process = spawn(module, environment)
    try:
        yield Service(process, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def running(
    module: str,
    database_url: str,
    mqtt_url: str,
    city: Path,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Service]:
    """Run a service as `started` does, from when it is ready."""
    with started(module, database_url, mqtt_url, city, settings) as service:
        with httpx.Client(base_url=service.url, timeout=5) as client:
            wait_for(client, "/ready", 200, service.process)
        yield service
