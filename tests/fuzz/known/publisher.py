# SPDX-License-Identifier: EUPL-1.2
"""The publisher with states of lots and vehicles, a target that is not reached, and somebody who may fetch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import quote

import orjson
import paho.mqtt.publish as mqtt
import yaml
from pydantic import BaseModel
from sqlalchemy.engine import make_url

from fuzz.answering import Target
from fuzz.running import HALLE, Place, apply_city, target
from fuzz.walking import Walk
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_runtime.clock import utc_now
from stadttakt_simulators.mobilithek.authority import Authority
from support.open_data import somewhere, trip, vehicle

ROOT = "fuzz/opendata"
SITES, TARGET, PLATFORM = "parkapi-v3-parking-sites", "mobidata", "platform"
TARGETS = {
    "targets": [
        {
            "target_id": TARGET,
            "kind": "parkapi",
            "url": "http://127.0.0.1:9",
            "username": "halle",
            "password_file": "password",
            "timeout_s": 5,
            "offers": [{"feed": SITES}],
        }
    ],
    "pull": {"ca_file": "ca.pem", "common_names": [PLATFORM], "feeds": [SITES]},
}
DATASET = "parkplaetze"
LONG = timedelta(hours=12)
"""Longer than anybody asks."""


@contextmanager
def running(url: str, place: Place) -> Iterator[Target]:
    """Yield the publisher of Halle, which is told by parking of lots and bays, and by a stand-in of vehicles and trips."""
    city, secrets = place.folder / "city", place.folder / "secrets"
    shutil.copytree(HALLE, city)
    (city / "opendata/targets.yaml").write_text(yaml.safe_dump(TARGETS), encoding="utf-8")
    apply_city(url, city)
    authority = Authority.new("authority of the fuzzed")
    secrets.mkdir()
    (secrets / "ca.pem").write_bytes(authority.certificate_pem)
    (secrets / "password").write_text("no matter", encoding="utf-8")
    certificate = authority.issue(PLATFORM, timedelta(days=1)).certificate_pem
    shared = {"STADTTAKT_TOPIC_ROOT": ROOT, "STADTTAKT_INSTANCE": "fuzz-opendata"}
    own = {"STADTTAKT_CITY": str(city), "STADTTAKT_OPENDATA_SECRETS": str(secrets)}
    with (
        target("parking_occupancy", url, place.mqtt_url, **shared),
        target("open_data_publisher", url, place.mqtt_url, **shared, **own) as found,
    ):
        _tell_of_vehicles(place.mqtt_url)
        found.known["certificate"] = quote(certificate)
        yield found


def walk(way: Walk) -> None:
    """Ask for everything once."""
    operations = [each for each in way.operations if each.startswith("GET /feeds/")]
    for label in operations:
        way.until(label, {}, lambda answer: answer.is_success)
    way.ask("POST /v1/targets/{target_id}:publish", {"target_id": TARGET})
    made = way.ask("POST /v1/deliveries", {}, {"target": TARGET, "feeds": [SITES]})
    named = {"delivery_id": made["items"][0]["delivery_id"]}
    way.until("GET /v1/deliveries/{delivery_id}/payload", named, lambda answer: answer.is_success)
    shown = {"x-client-cert": way.target.known.pop("certificate")}
    way.ask("GET /pull/{feed_id}", {"feed_id": SITES}, by=shown)
    dataset = {"dataset_id": DATASET}
    way.ask("GET /datasets/{dataset_id}/data.{ending}", dataset | {"ending": "csv"})
    way.ask_all_readable({"path": "Things", **named, **dataset})


def _tell_of_vehicles(mqtt_url: str) -> None:
    now = utc_now()
    seen = {"measured_at": now, "valid_until": now + LONG, **somewhere(position_at=now)}
    stop = {
        "stop_id": "s-1",
        "stop_sequence": 1,
        "at": now + LONG,
        "level": "low",
        "occupancy_status": "MANY_SEATS_AVAILABLE",
    }
    told = trip(stops=[stop], issued_at=now, valid_until=now + LONG)
    states = {"vehicle/tram-601": vehicle(**seen), f"trip/{told.trip_key}": told}
    broker = make_url(mqtt_url)
    mqtt.multiple(
        [
            {
                "topic": f"{ROOT}/state/{name}",
                "payload": _event(name, state),
                "qos": 1,
                "retain": True,
            }
            for name, state in states.items()
        ],
        hostname=str(broker.host),
        port=broker.port or 1883,
    )


def _event(name: str, state: BaseModel) -> bytes:
    kind = f"{name.partition('/')[0]}-state"
    event = {
        "specversion": "1.0",
        "id": f"{name}/1",
        "source": "/stadttakt/vehicle-occupancy",
        "type": event_type(kind),
        "subject": name,
        "time": utc_now().isoformat(),
        "datacontenttype": "application/json",
        "dataschema": schema_urn(kind),
        "data": state.model_dump(mode="json"),
    }
    return orjson.dumps(event)
