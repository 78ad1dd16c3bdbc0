# SPDX-License-Identifier: EUPL-1.2
"""From publish to row, state topic, sign and feed at several rates, and what an uplink costs each part.

One bay changes again and again under the load of 5,000 others; four watchers wait for each change at once.
Row, sign and feed are looked at every few milliseconds, which costs the same at every rate and is part
of the CPU told.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import paho.mqtt.client as paho
import psycopg
from rich.console import Console
from rich.table import Table

from bench import signs
from bench.city import PROBE, PROBE_SIGN, PROBE_TOPIC, probe_uplink
from bench.peers.target import plain
from bench.services import Service
from bench.whole_city import Town
from stadttakt_simulators.publisher import Broker

RATES = tuple(int(rate) for rate in os.environ.get("RATES", "100 1000 5000").split())
SECONDS = int(os.environ.get("SECONDS", "60"))
SETTLE_S, LONGEST_S, PATIENCE_S, LEAST = 3.0, 20.0, 300.0, 5
PAUSE_S = {"row": 0.002, "sign": 0.002, "feed": 0.02}
ROW = "select 1 from uplink.uplink where dev_eui = %s and f_cnt = %s"
SITES = "/feeds/parkapi/v3/parking-sites"
STATE = f"takt/v1/state/bay/{PROBE.bay_id}"
WHERE = ("row", "state topic", "sign", "feed")
Delays = dict[str, list[float]]
"""Milliseconds from publish by where the change was seen."""
Change = Callable[[], dict[str, float]]
"""Changes the bay once, and returns its delays."""


@dataclass(frozen=True)
class Phase:
    """What was seen at one rate: delays, uplinks stored in how many seconds, CPU seconds by part."""

    delays: Delays
    stored: float
    took_s: float
    cpu_s: list[float]


def measure(town: Town, console: Console) -> Iterator[Table]:
    """Yield delays by rate, and CPU by part."""
    delays = Table("uplinks/s", "stored/s", "publish to", "changes", "median", "p95", "p99", "worst",
                   title="Latency, ms")  # fmt: skip
    parts = Table("uplinks/s", *town.cpu_s(), title="CPU, µs an uplink by part")
    with _probing(town) as change:
        change()
        for rate in RATES:
            console.print(f"{rate:,} uplinks/s …")
            seen = _phase(town, rate, change)
            per_s = f"{seen.stored / seen.took_s:,.0f}"
            for where in WHERE:
                delays.add_row(f"{rate:,}", per_s, where, *_spread(seen.delays[where]))
            costs = (f"{seconds / seen.stored * 1e6:,.0f}" for seconds in seen.cpu_s)
            parts.add_row(f"{rate:,}", *costs)
    yield delays
    yield parts


def _phase(town: Town, rate: int, change: Change) -> Phase:
    """Change the bay again and again while one rate is on, or until one is seen after 20 s only."""
    found: Delays = {where: [] for where in WHERE}
    with signs.load(town.stack, town.devices, rate, int(SETTLE_S + SECONDS + LONGEST_S)):
        time.sleep(SETTLE_S)
        began, before, stored = time.monotonic(), town.cpu_s(), town.stored()
        while time.monotonic() - began < SECONDS or len(found["row"]) < LEAST:
            seen = change()
            for where, delay_ms in seen.items():
                found[where].append(delay_ms)
            if max(seen.values()) > LONGEST_S * 1000:
                # More comes than is worked off: a backlog grows, and each change waits behind it.
                break
            # Not in step with anything that happens at regular times.
            time.sleep(0.02 + (len(found["row"]) % 17) / 500)
        stored, after, took_s = town.stored() - stored, town.cpu_s(), time.monotonic() - began
    return Phase(found, stored, took_s, [after[part] - before[part] for part in after])


@contextmanager
def _probing(town: Town) -> Iterator[Change]:
    """Hold connections open, and yield what changes the bay once and returns when that was seen."""
    states: dict[str, float] = {}
    client = _listening(town, states)
    look = {
        "row": _row(town.database_url),
        "sign": _sign(town.parking),
        "feed": _feed(town.publisher),
    }
    number = 0
    with ThreadPoolExecutor(len(look)) as pool:

        def change() -> dict[str, float]:
            nonlocal number
            number += 1
            occupied = number % 2 == 1
            states.clear()
            began = time.perf_counter()
            client.publish(PROBE_TOPIC, probe_uplink(number, occupied=occupied), qos=1)
            seen = {
                where: pool.submit(_until, began, PAUSE_S[where], look[where], number)
                for where in look
            }
            found = {where: each.result() for where, each in seen.items()}
            wanted = "occupied" if occupied else "free"
            found["state topic"] = _until(began, 0.002, lambda _: wanted in states, number)
            found["state topic"] = (states[wanted] - began) * 1000
            return found

        try:
            yield change
        finally:
            client.disconnect()
            client.loop_stop()


def _listening(town: Town, states: dict[str, float]) -> paho.Client:
    """Return a client that notes when each state of the bay arrives first."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    subscribed = threading.Event()

    def on_message(_: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        at = time.perf_counter()
        if message.payload:
            states.setdefault(orjson.loads(message.payload)["data"]["state"], at)

    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.set()
    broker = Broker.parse(town.stack.mosquitto.url)
    client.connect(broker.host, broker.port)
    client.subscribe(STATE, qos=1)
    client.loop_start()
    if not subscribed.wait(30):
        raise RuntimeError("the broker does not answer")
    return client


def _until(began: float, pause_s: float, shows: Callable[[int], bool], number: int) -> float:
    """Return after how many milliseconds a change shows."""
    while not shows(number):
        if time.perf_counter() - began > PATIENCE_S:
            raise RuntimeError(f"a change did not show in {PATIENCE_S} s")
        time.sleep(pause_s)
    return (time.perf_counter() - began) * 1000


def _row(database_url: str) -> Callable[[int], bool]:
    connection = psycopg.connect(plain(database_url), autocommit=True)
    return lambda number: connection.execute(ROW, (PROBE.dev_eui, number)).fetchone() is not None


def _sign(parking: Service) -> Callable[[int], bool]:
    ask = _asking(parking, f"/v1/signs/{PROBE_SIGN}")
    return lambda number: ask()["free"] == 1 - number % 2


def _feed(publisher: Service) -> Callable[[int], bool]:
    ask = _asking(publisher, SITES)

    def shows(number: int) -> bool:
        sites = ask().get("items", [])
        free = {each["uid"]: each.get("realtime_free_capacity") for each in sites}
        return free.get("probe") == 1 - number % 2

    return shows


def _asking(service: Service, path: str) -> Callable[[], dict[str, Any]]:
    address = urlsplit(service.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)

    def ask() -> dict[str, Any]:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        said: dict[str, Any] = json.loads(body) if answer.status == 200 else {}
        return said

    return ask


def _spread(values: Sequence[float]) -> tuple[str, ...]:
    ordered = sorted(values)
    shares = (ordered[int(len(ordered) * share)] for share in (0.95, 0.99))
    figures = (statistics.median(ordered), *shares, ordered[-1])
    return (f"{len(ordered):,}", *(f"{value:,.0f}" for value in figures))
