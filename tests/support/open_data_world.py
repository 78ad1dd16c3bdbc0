# SPDX-License-Identifier: EUPL-1.2
"""A publisher's surroundings: a city folder, a database, a broker, and who tells states."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import paho.mqtt.publish as mqtt

from open_data_publisher.domain.states import id_of
from open_data_publisher.domain.truth import AnyState
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.states import BayState, LotState, VehicleState
from support.open_data import OPEN_POLICY
from support.service import running, wait_for

KINDS = {LotState: "lot", BayState: "bay", VehicleState: "vehicle"}
CITY = "city_id: musterstadt\nname: Musterstadt\ntimezone: Europe/Berlin\n"
PUBLICATION = "country: de\nnational_identifier: DE-Muster\nbase_url: https://daten.example\n"

NOON = (datetime.now(tz=UTC) - timedelta(days=2)).replace(
    hour=12, minute=0, second=0, microsecond=0
)
WORDS = "{de: Wort, en: word}"
HEAD = (
    f"title: {WORDS}\n    description: {WORDS}\n    measured: {WORDS}\n    licence: dl-zero-de/2.0"
)
LOTS_POLICY = f"""
datasets:
  - dataset_id: lots
    source: lot-history
    {HEAD}
    aggregation: 15m
    fields: [lot_id, name, lat, lon, start, free_mean, simulated]
"""
CATALOGUE = """
catalogue:
  title: {de: Offene Daten, en: Open data}
  description: {de: Alles, en: Everything}
  publisher: {name: Stadt Musterstadt, url: "https://musterstadt.example/"}
  contact: {name: Stabsstelle, email: daten@musterstadt.example}
  contributor_id: http://dcat-ap.de/def/contributors/landSachsenAnhalt
  municipality_key: "15002000"
"""


class World:
    """A publisher's surroundings: its settings and the services that tell states."""

    def __init__(self, folder: Path, database_url: str, mqtt_url: str) -> None:
        self.root = f"test/{uuid.uuid4().hex}"
        self.database_url = database_url
        self.host, _, port = mqtt_url.removeprefix("mqtt://").partition(":")
        self.port = int(port)
        (folder / "opendata").mkdir()
        (folder / "city.yaml").write_text(CITY)
        (folder / "opendata" / "publication.yaml").write_text(PUBLICATION)
        self.policy = folder / "opendata" / "policy.yaml"
        self.policy.write_text(OPEN_POLICY)
        self.settings = {
            "STADTTAKT_DATABASE_URL": database_url,
            "STADTTAKT_MQTT_URL": mqtt_url,
            "STADTTAKT_TOPIC_ROOT": self.root,
            "STADTTAKT_CITY": str(folder),
            "STADTTAKT_INSTANCE": self.root.replace("/", "-")[:40],
            "STADTTAKT_OPENDATA_BUILD_EVERY_S": "0.05",
        }

    def tell(self, *states: AnyState) -> None:
        """Publish states as the service that knows them does."""
        self.publish(*(self.message(state) for state in states))

    def message(self, state: AnyState, **more: str) -> tuple[str, bytes]:
        kind, name = KINDS.get(type(state), "trip"), id_of(state)
        event = {
            "specversion": "1.0",
            "id": f"{kind}/{name}/{time.time_ns()}",
            "source": "/stadttakt/parking-occupancy",
            "type": event_type(f"{kind}-state"),
            "subject": f"{kind}/{name}",
            "time": datetime.now(tz=UTC).isoformat(),
            "datacontenttype": "application/json",
            "dataschema": schema_urn(f"{kind}-state"),
            "data": state.model_dump(mode="json"),
            **more,
        }
        return f"{self.root}/state/{kind}/{name}", orjson.dumps(event)

    def publish(self, *messages: tuple[str, bytes]) -> None:
        entries: list[Any] = [
            {"topic": topic, "payload": payload, "qos": 1, "retain": True}
            for topic, payload in messages
        ]
        mqtt.multiple(entries, hostname=self.host, port=self.port)

    @contextmanager
    def publisher(self, **more: str) -> Iterator[httpx.Client]:
        with running("open_data_publisher", **{**self.settings, **more}) as client:
            wait_for(client, "/ready", 200)
            yield client


def until(condition: Callable[[], bool], within_s: float = 30) -> None:
    """Wait until something is so; fails after a while."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
