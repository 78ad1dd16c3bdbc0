# SPDX-License-Identifier: EUPL-1.2
"""A publisher that delivers to a stand-in: its city, its secrets, its targets, and the states it hears."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import paho.mqtt.publish as mqtt
import psycopg
import yaml

from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.states import LotState
from stadttakt_simulators.mobilithek.authority import Authority
from stadttakt_simulators.mobilithek.broker import BASE, Broker
from stadttakt_simulators.mobilithek.server import StandIn
from support.open_data import OPEN_POLICY, lot

TABLE, STATUS = "datex2-v2-parking-table", "datex2-v2-parking-status"
SITES = "parkapi-v3-parking-sites"
CLIENT, P12_PASSWORD, USER, USER_PASSWORD = "halle-machine", "geheim", "halle", "streng-geheim"
ENVELOPE = {"specversion": "1.0", "source": "/stadttakt/parking-occupancy"}


def now() -> datetime:
    return datetime.now(tz=UTC)


def until(condition: Callable[[], Any], within_s: float = 20) -> Any:
    """Wait until a condition holds, and return what it was."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return found


def real_lot(**more: Any) -> LotState:
    times = {
        "measured_at": now() - timedelta(seconds=2),
        "computed_at": now() - timedelta(seconds=1),
        "valid_until": now() + timedelta(minutes=10),
    }
    return lot(**{**times, **more})


@contextmanager
def serving(stand_in: StandIn, port: int = 0) -> Iterator[int]:
    """Yield the port of a stand-in that runs in a thread of its own."""
    started, ports = threading.Event(), []
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with stand_in.serving(port) as served:
            ports.append(served)
            started.set()
            await stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(10), "the stand-in does not listen"
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


class DeliveryWorld:
    """A city whose publisher delivers to one stand-in; the test writes what is declared."""

    def __init__(self, folder: Path, database_url: str, mqtt_url: str) -> None:
        self.root = f"test/{uuid.uuid4().hex}"
        self.database_url = database_url
        self.host, _, port = mqtt_url.removeprefix("mqtt://").partition(":")
        self.mqtt_port = int(port)
        self.authority = Authority.new("test authority")
        self.stand_in = StandIn(
            self.authority, Broker({"table": CLIENT, "status": CLIENT}, {USER: USER_PASSWORD})
        )
        self.city, self.secrets = folder / "city", folder / "secrets"
        (self.city / "opendata").mkdir(parents=True)
        (self.city / "city.yaml").write_text("city_id: musterstadt\nname: Musterstadt\n")
        (self.city / "opendata" / "publication.yaml").write_text(
            "country: de\nnational_identifier: DE-Muster\nbase_url: https://daten.example\n"
        )
        (self.city / "opendata" / "policy.yaml").write_text(OPEN_POLICY)
        self.secrets.mkdir()
        self.keep("ca.pem", self.authority.certificate_pem)
        self.keep("halle.p12", self.authority.issue(CLIENT).p12(P12_PASSWORD))
        self.keep("halle.password", P12_PASSWORD.encode())
        self.keep("parkapi.password", USER_PASSWORD.encode())
        self.settings = {
            "STADTTAKT_DATABASE_URL": database_url,
            "STADTTAKT_MQTT_URL": mqtt_url,
            "STADTTAKT_TOPIC_ROOT": self.root,
            "STADTTAKT_CITY": str(self.city),
            "STADTTAKT_INSTANCE": self.root.replace("/", "-")[:40],
            "STADTTAKT_OPENDATA_SECRETS": str(self.secrets),
            "STADTTAKT_OPENDATA_BUILD_EVERY_S": "0.05",
        }

    def keep(self, name: str, content: bytes) -> None:
        """Write a file with a secret."""
        (self.secrets / name).write_bytes(content)

    def declare(self, *targets: dict[str, Any], **more: Any) -> None:
        """Write the city's targets."""
        document = {"targets": list(targets), **more}
        (self.city / "opendata" / "targets.yaml").write_text(yaml.safe_dump(document))

    def tell(self, *states: LotState) -> None:
        """Publish states as parking does."""
        entries: list[Any] = [
            {
                "topic": f"{self.root}/state/lot/{s.lot_id}",
                "payload": _event(s),
                "qos": 1,
                "retain": True,
            }
            for s in states
        ]
        mqtt.multiple(entries, hostname=self.host, port=self.mqtt_port)

    def rows(self, query: str) -> list[Any]:
        """Ask the database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()

    def alerts(self) -> list[Any]:
        """Return the open alerts of deliveries and certificates."""
        return self.rows(
            "select kind, alert_id from opendata.alert where cleared_at is null"
            " and kind in ('delivery-failed', 'certificate-ends') order by 1, 2"
        )

    def taken(self, publication: str) -> list[bytes]:
        """Return what the stand-in took for a publication."""
        return [r.body for r in list(self.stand_in.broker.received) if r.publication == publication]


def mobilithek(port: int, **more: Any) -> dict[str, Any]:
    """Return the declaration of the stand-in as a Mobilithek."""
    target: dict[str, Any] = {
        "target_id": "mobilithek",
        "kind": "mobilithek",
        "url": f"https://127.0.0.1:{port}{BASE}",
        "ca_file": "ca.pem",
        "certificate": {"p12_file": "halle.p12", "password_file": "halle.password"},
        "timeout_s": 5,
        "offers": [
            {"feed": TABLE, "publication_id": "table"},
            {"feed": STATUS, "publication_id": "status", "at_most_every_s": 1},
        ],
    }
    return {**target, **more}


def parkapi(port: int, **more: Any) -> dict[str, Any]:
    """Return the declaration of the stand-in as a ParkAPI receiver."""
    target: dict[str, Any] = {
        "target_id": "mobidata",
        "kind": "parkapi",
        "url": f"https://127.0.0.1:{port}",
        "ca_file": "ca.pem",
        "username": USER,
        "password_file": "parkapi.password",
        "timeout_s": 5,
        "offers": [{"feed": SITES, "at_most_every_s": 1}],
    }
    return {**target, **more}


def _event(state: LotState) -> bytes:
    event = {
        **ENVELOPE,
        "id": f"lot/{state.lot_id}/{time.time_ns()}",
        "type": event_type("lot-state"),
        "subject": f"lot/{state.lot_id}",
        "time": now().isoformat(),
        "datacontenttype": "application/json",
        "dataschema": schema_urn("lot-state"),
        "data": state.model_dump(mode="json"),
    }
    return orjson.dumps(event)
