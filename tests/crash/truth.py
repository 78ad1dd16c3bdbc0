# SPDX-License-Identifier: EUPL-1.2
"""What must be true of a city after these uplinks, and what is found instead."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import httpx
import orjson
import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.rows import dict_row

from crash.bays import Word, newest
from crash.city import LOTS, SOURCE_ID, lot_of
from crash.identities import SHOWN, compare
from crash.lots import says
from stadttakt_simulators.burst import BurstMessage
from uplink_decoder.domain.uplink import uplink_id

UPLINKS = "select uplink_id::text as id from uplink.uplink"


class Truth:
    """Reckoned from the acknowledged uplinks alone; `doubtful` are identities that may be missing."""

    def __init__(
        self, acknowledged: Iterable[BurstMessage], doubtful: Collection[str] = ()
    ) -> None:
        self.doubtful = doubtful
        self.uplinks = {
            str(uplink_id(SOURCE_ID, message.dev_eui, message.identity)): message
            for message in acknowledged
        }
        self.events = {f"{each}:0" for each in self.uplinks}
        by_bay: dict[str, list[Word]] = {}
        for key, message in self.uplinks.items():
            at = datetime.fromisoformat(message.time)
            by_bay.setdefault(message.bay_id, []).append(Word(at, f"{key}:0", message.occupied))
        self.bays = {bay_id: newest(heard) for bay_id, heard in by_bay.items()}

    def given(self, database_url: str) -> "Truth":
        """Return the truth without what is doubtful and was not stored."""
        with psycopg.connect(database_url, row_factory=dict_row) as connection:
            stored = _counted(connection, UPLINKS)
        return Truth(
            message
            for key, message in self.uplinks.items()
            if key in stored or message.identity not in self.doubtful
        )

    def free(self, lot_id: str) -> int:
        """How many bays of a lot are free."""
        return sum(
            self.bays[bay_id].state == "free" for bay_id, lot in lot_of().items() if lot == lot_id
        )


def faults_in_database(truth: Truth, database_url: str) -> list[str]:
    """Return what the tables say otherwise."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        uplinks = _counted(connection, UPLINKS)
        observed = _counted(connection, "select event_id as id from uplink.observation")
        heard = _counted(connection, "select event_id as id from parking.bay_event")
        quarantine = connection.execute("select reason, detail from uplink.quarantine").fetchall()
        rejected = connection.execute("select reason, detail from parking.rejected").fetchall()
        states = connection.execute("select * from parking.bay_state").fetchall()
    return [
        *compare("uplink", uplinks, truth.uplinks.keys()),
        *compare("observation", observed, truth.events),
        *compare("bay_event", heard, truth.events),
        *(f"quarantined: {row}" for row in quarantine[:SHOWN]),
        *(f"rejected: {row}" for row in rejected[:SHOWN]),
        *_bay_faults("bay_state", truth, {row["bay_id"]: row for row in states}),
        *(
            f"bay_state: {row['bay_id']} is of {row['newest_event_id']}"
            for row in states
            if row["newest_event_id"] != truth.bays[row["bay_id"]].event_id
        ),
    ]


def faults_in_answers(truth: Truth, http: httpx.Client, mqtt_url: str, root: str) -> list[str]:
    """Return what parking's HTTP answers and the retained states say otherwise."""
    retained = retained_states(mqtt_url, root, len(truth.bays) + 2 * len(LOTS))
    answered = {
        **{f"bay/{bay_id}": http.get(f"/v1/bays/{bay_id}").json() for bay_id in truth.bays},
        **{f"lot/{lot_id}": http.get(f"/v1/lots/{lot_id}").json() for lot_id in LOTS},
        **{f"sign/{lot_id}-tor": http.get(f"/v1/signs/{lot_id}-tor").json() for lot_id in LOTS},
    }
    return [
        f"{where}: {fault}"
        for where, states in (("http", answered), ("retained", retained))
        for fault in (
            *_bay_faults(
                "bay", truth, {bay_id: states.get(f"bay/{bay_id}") for bay_id in truth.bays}
            ),
            *(fault for lot_id in LOTS for fault in _lot_faults(truth, lot_id, states)),
        )
    ]


def _counted(connection: psycopg.Connection[Any], query: str) -> Counter[str]:
    return Counter(row["id"] for row in connection.execute(query).fetchall())


def _bay_faults(where: str, truth: Truth, states: Mapping[str, Any]) -> list[str]:
    faults = []
    for bay_id, bay in truth.bays.items():
        found = states.get(bay_id) or {}
        shown = (found.get("state"), as_time(found.get("since")), as_time(found.get("measured_at")))
        if shown != (bay.state, bay.since, bay.measured_at):
            faults.append(f"{where} {bay_id} shows {shown} instead of {bay}")
    return faults[:SHOWN]


def _lot_faults(truth: Truth, lot_id: str, states: Mapping[str, Any]) -> list[str]:
    lot, sign = states.get(f"lot/{lot_id}") or {}, states.get(f"sign/{lot_id}-tor") or {}
    free, capacity = truth.free(lot_id), LOTS[lot_id]
    wanted = {"free": free, "occupied": capacity - free, "unknown": 0}
    counted = {name: lot.get(name) for name in wanted}
    faults = [] if counted == wanted else [f"lot {lot_id} counts {counted} instead of {wanted}"]
    if not says(sign, free, capacity):
        faults.append(f"sign {lot_id}-tor shows {sign} instead of {free} free")
    return faults


def as_time(value: Any) -> datetime | None:
    """Return a time that a table has as such, and an answer as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def retained_states(
    mqtt_url: str, root: str, expected: int, entities: str = "state/#"
) -> dict[str, Any]:
    """Return the data of the retained states, by the last two levels of their topics."""
    events = retained_events(mqtt_url, root, expected, entities)
    return {entity: event["data"] for entity, event in events.items()}


def retained_events(
    mqtt_url: str, root: str, expected: int, entities: str = "state/#"
) -> dict[str, Any]:
    """Return the retained states as they came, by the last two levels of their topics."""
    host, _, port = mqtt_url.removeprefix("mqtt://").partition(":")
    states: dict[str, Any] = {}
    complete = threading.Event()

    def note(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        entity = "/".join(message.topic.split("/")[-2:])
        if not message.payload:
            states.pop(entity, None)
            return
        states[entity] = orjson.loads(message.payload)
        if len(states) >= expected:
            complete.set()

    def subscribe(*_: object) -> None:
        client.subscribe(f"{root}/{entities}", qos=1)

    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_message = note
    client.on_connect = subscribe
    client.connect(host, int(port))
    client.loop_start()
    complete.wait(5)
    client.disconnect()
    client.loop_stop()
    return states
