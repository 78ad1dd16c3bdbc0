# SPDX-License-Identifier: EUPL-1.2
"""Decoder and parking as processes, on servers that may be killed, in a city of their own."""

import itertools
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import psycopg
from sqlalchemy.engine import make_url

from crash.city import write_city
from crash.servers import LONGEST_ABSENCE_S, bring_back
from crash.services import Service
from crash.truth import Truth, faults_in_answers, faults_in_database
from stadttakt_local.server import Server
from stadttakt_runtime import plugins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from stadttakt_simulators.clock import EpochNs, system_clock
from support.stack import Stack

_numbers = itertools.count(1)


def migrate_servers(stack: Stack) -> None:
    """Bring the stack's first database to the newest schemas; worlds copy it."""
    migrate(stack.postgres.url, select_targets(plugins.load(plugins.MIGRATIONS), []))


@dataclass
class World:
    """Two services, two servers, one city; `killed` counts who was killed by us, and when the broker."""

    stack: Stack
    database_url: str
    root: str
    decoder: Service
    parking: Service
    rng: Random
    killed: Counter[str] = field(default_factory=Counter)
    broker_deaths: list[EpochNs] = field(default_factory=list)

    def start(self) -> None:
        """Start both services and wait for them."""
        self.decoder.start()
        self.parking.start()
        self.decoder.wait_ready()
        self.parking.wait_ready()

    def kill(self, victim: str) -> None:
        """Kill one part with SIGKILL; a server is started again after a moment."""
        self.killed[victim] += 1
        servers: dict[str, Server] = {
            "broker": self.stack.mosquitto,
            "database": self.stack.postgres,
        }
        if victim == "everything":
            # As in a power cut.
            self.decoder.kill()
            self.parking.kill()
            self._restart(*servers.values())
        elif victim in servers:
            self._restart(servers[victim])
        else:
            {"decoder": self.decoder, "parking": self.parking}[victim].kill()

    def _restart(self, *servers: Server) -> None:
        for server in servers:
            if server is self.stack.mosquitto:
                self.broker_deaths.append(system_clock())
            server.kill()
        time.sleep(self.rng.uniform(0, LONGEST_ABSENCE_S))
        bring_back(servers)

    def deaths(self) -> str:
        """Return who was killed how often so far, and who ended with an error of its own."""
        codes = self.decoder.ends + self.parking.ends
        by_itself = sum(code not in {0, -signal.SIGKILL} for code in codes)
        killed = ", ".join(f"{victim} {count}x" for victim, count in sorted(self.killed.items()))
        return f"{killed}; {by_itself} ended by themselves"

    def faults(self, truth: Truth) -> list[str]:
        """Return what is not as the truth would have it, anywhere."""
        truth = truth.given(self.database_url) if truth.doubtful else truth
        return faults_in_database(truth, self.database_url) or faults_in_answers(
            truth, self.parking.http, self.stack.mosquitto.url, self.root
        )

    def until_true(self, truth: Truth, within_s: float = 40) -> float:
        """Wait until everything is as it must be, and see that it stays so; returns the seconds."""
        began = time.monotonic()
        found = self._faults_now(truth)
        while found and time.monotonic() < began + within_s:
            time.sleep(0.2)
            found = self._faults_now(truth)
        seconds = time.monotonic() - began
        assert found == [], self._report(found)
        time.sleep(1)
        found = self.faults(truth)
        assert found == [], self._report(found)
        return seconds

    def _faults_now(self, truth: Truth) -> list[str]:
        try:
            return self.faults(truth)
        except (httpx.TransportError, psycopg.OperationalError, OSError) as error:
            return [f"still away: {error!r}"]

    def _report(self, found: list[str]) -> str:
        logs = (service.log_tail() for service in (self.decoder, self.parking))
        return "\n".join([*found, *logs])


@contextmanager
def make_world(
    stack: Stack,
    folder: Path,
    rng: Random,
    *,
    city: Path | None = None,
    decoder_module: str = "uplink_decoder",
    settings: Mapping[str, str] | None = None,
) -> Iterator[World]:
    """Yield a world whose services are not started yet; its processes end with it."""
    root = f"crash/{next(_numbers)}"
    database_url = copied_database(stack)
    city = city or write_city(folder / "city", root)
    for applier in plugins.load(plugins.CITY).values():
        applier(city, database_url)
    environment = {
        "STADTTAKT_DATABASE_URL": database_url,
        "STADTTAKT_MQTT_URL": stack.mosquitto.url,
        "STADTTAKT_CITY": str(city),
        "STADTTAKT_TOPIC_ROOT": root,
        "STADTTAKT_INSTANCE": root.replace("/", "-"),
        **(settings or {}),
    }
    with ExitStack() as services:
        decoder, parking = (
            services.enter_context(Service(module, folder / f"{module}.log", **environment))
            for module in (decoder_module, "parking_occupancy")
        )
        yield World(stack, database_url, root, decoder, parking, rng)


def copied_database(stack: Stack) -> str:
    """Return the URL of a copy of the stack's first database."""
    url = make_url(stack.postgres.url)
    name = f"world_{next(_numbers)}"
    with psycopg.connect(_maintenance(stack), autocommit=True) as connection:
        connection.execute(f"create database {name} owner {url.username} template {url.database}")
    return url.set(database=name).render_as_string(hide_password=False)


def dropped_database(stack: Stack, database_url: str) -> None:
    """Drop such a copy, whoever is connected."""
    name = make_url(database_url).database
    with psycopg.connect(_maintenance(stack), autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def _maintenance(stack: Stack) -> str:
    maintenance = make_url(stack.postgres.admin_url).set(database="postgres")
    return maintenance.render_as_string(hide_password=False)
