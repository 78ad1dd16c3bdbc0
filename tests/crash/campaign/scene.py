# SPDX-License-Identifier: EUPL-1.2
"""Six services behind links that can be cut, on servers with small disks, in a town of their own."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
from sqlalchemy.engine import make_url

from crash.campaign.citizens import Citizens, listening
from crash.campaign.clocks import Clock
from crash.campaign.findings import Asked, configured_buses
from crash.campaign.reckoning import Truth
from crash.campaign.town import SECRETS, WATCHED, write_town
from crash.campaign.traffic import Told, Traffic
from crash.services import Service
from crash.world import copied_database, dropped_database
from measure_registry.sealing import new_key
from stadttakt_local.server import Server
from stadttakt_runtime import plugins
from stadttakt_simulators.clock import EpochNs
from support.asking import mint_key
from support.links import Link, Network
from support.postbox import Postbox, taking_mails
from support.stack import Stack

SERVICES = {
    "decoder": "uplink_decoder",
    "parking": "parking_occupancy",
    "transit": "vehicle_occupancy",
    "kpi": "kpi_aggregator",
    "publisher": "open_data_publisher",
    "registry": "measure_registry",
}
OFTEN = {
    "STADTTAKT_CATCH_UP_EVERY_S": "2",
    "STADTTAKT_LOG_LEVEL": "info",
    "STADTTAKT_KPI_COMPUTE_EVERY_S": "1",
    "STADTTAKT_OPENDATA_BUILD_EVERY_S": "0.2",
}
TESTS = Path(__file__).parents[2]
_numbers = itertools.count(1)


@dataclass
class Scene:
    """What a round plays on; `broker_deaths` and `broker_full` are when the broker died and had a full disk."""

    stack: Stack
    services: Mapping[str, Service]
    network: Network
    links: Mapping[tuple[str, str], Link]
    clocks: Mapping[str, Clock]
    asked: Asked
    traffic: Traffic
    record: Path
    folder: Path
    watcher: subprocess.Popen[bytes]
    citizens: Citizens
    postbox: Postbox
    truth: Truth = field(default_factory=Truth)
    broker_deaths: list[EpochNs] = field(default_factory=list)
    broker_full: list[tuple[EpochNs, EpochNs]] = field(default_factory=list)
    carried: list[Told] = field(default_factory=list)
    """What is held back until the next round, or the end of the scene."""

    forgot: bool = False
    """Whether connections were forgotten in the round before."""

    watched: int = 0
    """Up to where the watcher's record was judged."""

    most_twice: int = 0
    """How many mails may have come twice until the end of this round."""

    @property
    def servers(self) -> dict[str, Server]:
        """The database and the broker by what faults call them."""
        return {"database": self.stack.postgres, "broker": self.stack.mosquitto}

    @property
    def root(self) -> str:
        """The topic root of this scene."""
        return self.asked.root


@contextmanager
def open_scene(
    stack: Stack,
    folder: Path,
    seed: str,
    *,
    preload: Path | None,
    database_clock: Clock | None = None,
) -> Iterator[Scene]:
    """Yield a scene whose services are ready; all its processes end with it."""
    root = f"campaign/{next(_numbers)}"
    city = write_town(folder / "city", root)
    with ExitStack() as closing:
        url = _filled_database(stack, city, closing)
        network = closing.enter_context(Network())
        links = _links(stack, network)
        postbox, smtp_url = closing.enter_context(taking_mails())
        shared = _shared(city, root, folder, smtp_url)
        services, clocks = _services(closing, folder, preload, shared, _urls(stack, url, links))
        if database_clock is not None:
            database_clock.set_off(0)
            clocks["database"] = database_clock
        asked = _asking(url, services, stack.mosquitto.url, root, closing)
        citizens = closing.enter_context(
            listening(services["registry"].address, stack.mosquitto.url, root)
        )
        record = folder / "watched.jsonl"
        watcher = closing.enter_context(_watching(record, services, asked))
        yield Scene(
            stack,
            services,
            network,
            links,
            clocks,
            asked,
            Traffic(root, Random(f"{seed}/traffic")),
            record,
            folder,
            watcher,
            citizens,
            postbox,
        )


def _filled_database(stack: Stack, city: Path, closing: ExitStack) -> str:
    """Return the URL of a database that knows the town, and is dropped in the end."""
    url = copied_database(stack)
    closing.callback(dropped_database, stack, url)
    for applier in plugins.load(plugins.CITY).values():
        applier(city, url)
    return url


def _services(
    closing: ExitStack,
    folder: Path,
    preload: Path | None,
    shared: Mapping[str, str],
    urls: Mapping[str, Mapping[str, str]],
) -> tuple[dict[str, Service], dict[str, Clock]]:
    """Start all services and wait for them, each with a clock of its own where that can be."""
    services, clocks = {}, {}
    for name, module in SERVICES.items():
        settings = {**shared, **urls[name]}
        if preload is not None:
            clocks[name] = Clock(folder / f"{name}.clock", preload)
            settings |= clocks[name].settings
        services[name] = closing.enter_context(Service(module, folder / f"{name}.log", **settings))
    for service in services.values():
        service.start()
    for service in services.values():
        service.wait_ready(300)
    return services, clocks


def _shared(city: Path, root: str, folder: Path, smtp_url: str) -> dict[str, str]:
    """Return what all services are told."""
    return {
        "STADTTAKT_CITY": str(city),
        "STADTTAKT_TOPIC_ROOT": root,
        "STADTTAKT_INSTANCE": root.replace("/", "-"),
        **OFTEN,
        **{name: name for name in SECRETS.values()},
        **_of_registry(folder, smtp_url),
    }


def _of_registry(folder: Path, smtp_url: str) -> dict[str, str]:
    """Return what the registry needs to seal contact data, to write mails, and to take many ideas from one address."""
    keys = folder / "contact.keys"
    keys.touch(0o600)
    keys.write_text(new_key() + "\n")
    return {
        "STADTTAKT_REGISTRY_CONTACT_KEY_FILE": str(keys),
        "STADTTAKT_REGISTRY_SMTP_URL": smtp_url,
        "STADTTAKT_REGISTRY_PUBLIC_URL": "http://127.0.0.1",
        "STADTTAKT_REGISTRY_INTAKE_PER_HOUR": "100000",
        "STADTTAKT_REGISTRY_INTAKE_PER_ADDRESS": "100000",
    }


def _links(stack: Stack, network: Network) -> dict[tuple[str, str], Link]:
    ports = {"database": stack.postgres.port, "broker": stack.mosquitto.port}
    return {
        (name, server): network.link(port) for name in SERVICES for server, port in ports.items()
    }


def _urls(
    stack: Stack, url: str, links: Mapping[tuple[str, str], Link]
) -> dict[str, dict[str, str]]:
    """Return where each service finds database and broker: behind links of its own."""
    found = {}
    for name in SERVICES:
        through = make_url(url).set(port=links[name, "database"].port)
        found[name] = {
            "STADTTAKT_DATABASE_URL": through.render_as_string(hide_password=False),
            "STADTTAKT_MQTT_URL": f"mqtt://127.0.0.1:{links[name, 'broker'].port}",
        }
    return found


def _asking(
    url: str, services: Mapping[str, Service], mqtt_url: str, root: str, closing: ExitStack
) -> Asked:
    headers = {"authorization": f"Bearer {asyncio.run(mint_key(url, 'admin'))}"}
    clients = {
        name: closing.enter_context(
            httpx.Client(base_url=service.address, headers=headers, timeout=15)
        )
        for name, service in services.items()
    }
    return Asked(url, **clients, mqtt_url=mqtt_url, root=root, buses=configured_buses(url))


@contextmanager
def _watching(
    record: Path, services: Mapping[str, Service], asked: Asked
) -> Iterator[subprocess.Popen[bytes]]:
    addresses = [services[name].address for name in ("parking", "publisher")]
    command = [sys.executable, "-m", "crash.campaign.watcher", str(record), *addresses]
    record.touch()
    process = subprocess.Popen(
        [*command, asked.mqtt_url, asked.root, *WATCHED],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
