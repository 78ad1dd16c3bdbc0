# SPDX-License-Identifier: EUPL-1.2
"""The limit in Python: paho and COPY, no codec, acknowledged after the commit; of repetitions it knows nothing.

`python bare_copy.py HOST PORT CLIENT_ID TOPIC DATABASE_URL TABLE`, until it is ended.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

BATCH, LINGER_S, RECEIVE_MAXIMUM = 1000, 0.004, 4000
COLUMNS = (
    "observed_at",
    "uplink_id",
    "dev_eui",
    "received_at",
    "f_cnt",
    "f_port",
    "payload",
    "raw",
)


def main(host: str, port: int, client_id: str, topic: str, rest: tuple[str, str]) -> None:
    """Receive, write, acknowledge."""
    waiting: list[paho.MQTTMessage] = []
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=paho.MQTTv5,
        manual_ack=True,
    )
    client.on_connect = lambda connected, *_: connected.subscribe(topic, qos=1)
    client.on_message = lambda _, __, message: waiting.append(message)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    client.connect(host, port, clean_start=False, properties=properties)
    schema, _, table = rest[1].partition(".")
    with asyncio.Runner() as runner:
        database = runner.run(asyncpg.connect(rest[0]))
        while True:
            before = len(waiting)
            client.loop(LINGER_S)
            while before < len(waiting) < BATCH:
                before = len(waiting)
                client.loop_read()
            if waiting:
                rows = [_row(message) for message in waiting]
                copy = database.copy_records_to_table(
                    table, schema_name=schema, columns=COLUMNS, records=rows
                )
                runner.run(copy)
                for message in waiting:
                    client.ack(message.mid, message.qos)
                waiting.clear()


def _row(message: paho.MQTTMessage) -> tuple[Any, ...]:
    said = orjson.loads(message.payload)
    return (
        datetime.fromisoformat(said["time"]),
        uuid.UUID(said["deduplicationId"]),
        said["deviceInfo"]["devEui"],
        datetime.now(tz=UTC),
        said["fCnt"],
        said["fPort"],
        base64.b64decode(said["data"]),
        message.payload,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], (sys.argv[5], sys.argv[6]))
