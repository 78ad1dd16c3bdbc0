# SPDX-License-Identifier: EUPL-1.2
"""The device registry at 100,000 devices: imports, lists, and what live uplinks notice of it."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import paho.mqtt.client as paho
import psycopg
from rich.table import Table

from bench.city import PROBE, PROBE_TOPIC
from bench.events import uplink
from bench.ranks import ranked
from bench.sending import listening
from bench.services import Service, new_database, running
from support.asking import mint_key
from support.stack import Stack

IMPORTED = 10_000
ALL = 100_000
REQUESTS = 100
PROBE_PAUSE_S = 0.02
OBSERVED = f"takt/v1/observation/bay-occupancy/{PROBE.bay_id}"
HEADER = "dev_eui,name,codec_id,asset_kind,asset_id,expected_interval_s,lat,lon,tags"

# One in a hundred retired, one unknown, a third heard a minute ago.
AGE = """
update uplink.device set retired_at = now() where dev_eui like '0300%' and dev_eui like '%00';
update uplink.device set origin = 'seen' where dev_eui like '0300%' and dev_eui like '%01';
update uplink.device set last_seen = now() - interval '1 minute', last_source = 'bench'
where dev_eui like '0300%' and dev_eui ~ '[2-6]$';
analyze uplink.device;
analyze uplink.assignment;
"""


@dataclass
class Probe:
    """Milliseconds from the publish of an uplink until its observation is published."""

    sent: dict[str, float] = field(default_factory=dict)
    delays_ms: list[float] = field(default_factory=list)

    def take(self, message: paho.MQTTMessage) -> None:
        """Note an observation that came."""
        begun = self.sent.pop(json.loads(message.payload)["time"], None)
        if begun is not None:
            self.delays_ms.append((time.perf_counter() - begun) * 1000)


@contextmanager
def probing(stack: Stack) -> Iterator[Probe]:
    """Send an uplink every 20 ms while the block runs."""
    probe, stop = Probe(), threading.Event()
    with listening(stack.mosquitto.url, OBSERVED, probe.take) as client:
        thread = threading.Thread(target=_send, args=(client, probe, stop))
        thread.start()
        try:
            yield probe
        finally:
            stop.set()
            thread.join()
            time.sleep(1)


def _send(client: paho.Client, probe: Probe, stop: threading.Event) -> None:
    number = 0
    while not stop.wait(PROBE_PAUSE_S):
        number += 1
        now, uplink_id = datetime.now(tz=UTC), f"registry-{time.time_ns()}"
        body = uplink(PROBE.dev_eui, uplink_id, number, now, occupied=bool(number % 2))
        probe.sent[now.isoformat().replace("+00:00", "Z")] = time.perf_counter()
        client.publish(PROBE_TOPIC, body, qos=1)


def measure(stack: Stack, city: Path) -> Iterator[Table]:
    """Run all and yield the tables."""
    database_url = new_database(stack, "registry", city)
    key = asyncio.run(mint_key(database_url, "admin"))
    table = Table("while", "uplink → observation, median", "p99", "worst", "took", title="Registry")
    with (
        running("uplink_decoder", database_url, stack.mosquitto.url, city) as decoder,
        httpx.Client(
            base_url=decoder.url, headers={"authorization": f"Bearer {key}"}, timeout=120
        ) as client,
    ):
        _noticed(table, stack, "nothing else", lambda: time.sleep(5))
        _noticed(
            table,
            stack,
            f"{IMPORTED:,} devices are imported, {IMPORTED:,} others tried",
            lambda: (_import(client, 0), _import(client, 0, query="?dry_run=true")),
        )
        took = [_import(client, number) for number in range(1, ALL // IMPORTED)]
        _noticed(table, stack, f"{IMPORTED:,} of {ALL:,} are changed", lambda: _rename(client))
        _noticed(table, stack, "one is changed", lambda: _change_one(client, decoder))
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(AGE)
        yield table
        yield _lists(client)
    begun = time.perf_counter()
    with running("uplink_decoder", database_url, stack.mosquitto.url, city):
        ready_s = time.perf_counter() - begun
    once = Table("", "s", title="Registry, once")
    once.add_row(f"imports of {IMPORTED:,} new devices", _range(took))
    once.add_row(f"start with {ALL:,} devices until ready", f"{ready_s:.1f}")
    yield once


def _noticed(table: Table, stack: Stack, what: str, work: Callable[[], object]) -> None:
    with probing(stack) as probe:
        begun = time.perf_counter()
        work()
        took = time.perf_counter() - begun
        time.sleep(3)
    delays = sorted(probe.delays_ms)
    table.add_row(
        what,
        f"{statistics.median(delays):.0f} ms",
        f"{ranked(delays, 0.99):.0f} ms",
        f"{delays[-1]:.0f} ms",
        f"{took:.1f} s",
    )


def _lines(number: int, name: str) -> str:
    lines = [HEADER]
    for index in range(number * IMPORTED, (number + 1) * IMPORTED):
        asset = f"bay,many-{index}" if index % 10 else ","
        lines.append(
            f"0300{index * 7919 % 16**12:012x},{name} {index},bosch-tps110,{asset},3600,"
            f"51.48,11.97,batch={number};kind=bay"
        )
    return "\n".join(lines)


def _import(client: httpx.Client, number: int, *, name: str = "sensor", query: str = "") -> float:
    begun = time.perf_counter()
    answer = client.post(
        f"/v1/devices:import{query}",
        content=_lines(number, name).encode(),
        headers={"content-type": "text/csv"},
    )
    answer.raise_for_status()
    return time.perf_counter() - begun


def _rename(client: httpx.Client) -> float:
    return _import(client, 3, name="renamed")


def _change_one(client: httpx.Client, decoder: Service) -> None:
    client.put("/v1/devices/03000000000fffff", json={"name": "one"}).raise_for_status()
    before = decoder.samples()["stadttakt_uplink_devices"]
    if before < ALL:
        time.sleep(2.5)


def _lists(client: httpx.Client) -> Table:
    table = Table("list", "median", "p95", "worst", title=f"GET /v1/devices with {ALL:,} devices")
    deep = client.get("/v1/devices", params={"limit": 1000})
    for _ in range(80):
        cursor = deep.json()["next_cursor"]
        deep = client.get("/v1/devices", params={"limit": 1000, "cursor": cursor})
    cursor = deep.json()["next_cursor"]
    changes = client.get("/v1/devices").json()["changes_cursor"]
    for what, parameters in {
        "first page": {},
        "a page after 81,000": {"cursor": cursor},
        "active": {"status": "active"},
        "silent": {"status": "silent"},
        "retired": {"status": "retired"},
        "unknown": {"status": "unknown"},
        "of a codec": {"codec": "bosch-tps110"},
        "with a tag": {"tag": "batch=7"},
        "with a tag that none has": {"tag": "batch=77"},
        "watching one bay": {"asset": "bay/many-77777"},
        "part of a name": {"text": "sensor 99"},
        "part of no name": {"text": "nowhere"},
        "two letters that no name has": {"text": "qx"},
        "changed since just now": {"changed_since": changes},
        "everything by changes": {"changed_since": ""},
    }.items():
        delays = sorted(_ask(client, parameters) for _ in range(REQUESTS))
        table.add_row(
            what,
            f"{statistics.median(delays):.0f} ms",
            f"{ranked(delays, 0.95):.0f} ms",
            f"{delays[-1]:.0f} ms",
        )
    return table


def _ask(client: httpx.Client, parameters: dict[str, str]) -> float:
    begun = time.perf_counter()
    client.get("/v1/devices", params=parameters).raise_for_status()
    return (time.perf_counter() - begun) * 1000


def _range(seconds: list[float]) -> str:
    return f"{min(seconds):.1f} to {max(seconds):.1f}"
