# SPDX-License-Identifier: EUPL-1.2
"""Who tells that a server met its full disk: the database's log, and what a broker acknowledged and did not keep.

Mosquitto 2.1 logs nothing of it and acknowledges on (decision 0002): a witness publishes, and looks into
the broker's file. It stays in there meanwhile as a backup does, so that the write-ahead log cannot begin
anew where it has space already (https://sqlite.org/wal.html, 2.3).
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from stadttakt_local.server import Server

REFUSED = b"No space left on device"
PATIENCE_S = 2.0
SURE_AFTER_S = 1.0
"""The broker acknowledges some milliseconds before it commits."""

_KEPT = "select topic from base_msgs where topic like ? || '%'"

Seen = Callable[[], int]
"""Returns how often a disk was met that is full, so far; who asks often knows it soon."""


@contextmanager
def of_database(server: Server) -> Iterator[Seen]:
    """Count what a server's log tells from now on."""
    offset = server.log_file.stat().st_size

    def seen() -> int:
        with server.log_file.open("rb") as log:
            log.seek(offset)
            return log.read().count(REFUSED)

    yield seen


@contextmanager
def of_broker(server: Server) -> Iterator[Seen]:
    """Count the messages of a witness that a broker acknowledged and did not keep."""
    file, prefix = server.workdir / "mosquitto.sqlite3", f"witness/{uuid.uuid4()}/"
    acknowledged: dict[str, float] = {}
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)

    def publish(topic: str, payload: bytes) -> bool:
        with suppress(RuntimeError, ValueError):
            said = client.publish(topic, payload, qos=1, retain=True)
            said.wait_for_publish(PATIENCE_S)
            return said.is_published()
        return False

    def seen() -> int:
        topic = f"{prefix}{len(acknowledged)}"
        if publish(topic, b"is this kept?"):
            acknowledged[topic] = time.monotonic()
        sure = time.monotonic() - SURE_AFTER_S
        return len({topic for topic, at in acknowledged.items() if at < sure} - kept(file, prefix))

    with ExitStack() as leaving:
        client.connect("127.0.0.1", server.port)
        client.loop_start()
        leaving.callback(client.loop_stop)
        leaving.callback(client.disconnect)
        leaving.callback(lambda: [publish(topic, b"") for topic in acknowledged])
        reader = leaving.enter_context(closing(_reader(file)))
        reader.execute("begin")
        reader.execute("select count(*) from base_msgs").fetchone()
        yield seen


def kept(file: Path, prefix: str) -> set[str]:
    """Return the topics below a prefix of the messages that a broker's file has."""
    with closing(_reader(file)) as reader:
        return {topic for (topic,) in reader.execute(_KEPT, [prefix])}


def _reader(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=PATIENCE_S)
