# SPDX-License-Identifier: EUPL-1.2
"""From publish to row, state topic, sign and feed at several rates, and what an uplink costs each part.

One bay changes again and again under the load of 5,000 others. Three watchers wait at once for its row, state
and sign; feeds, which follow once a second, are waited for afterwards. Watchers look every few milliseconds,
so what an uplink costs is read after them, while nobody looks.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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

from bench.city import PROBE, PROBE_SIGN, PROBE_TOPIC, probe_uplink
from bench.load import load
from bench.peers.target import plain
from bench.ranks import ranked
from bench.sending import listening
from bench.services import Service
from bench.whole_city import Town

RATES = tuple(int(rate) for rate in os.environ.get("RATES", "100 1000 5000").split())
SECONDS = int(os.environ.get("SECONDS", "60"))
FEED_CHANGES = 30
UNSEEN_S = 30.0
"""How long nobody looks, for the CPU."""
SETTLE_S, LONGEST_S, PATIENCE_S = 3.0, 20.0, 60.0
ENOUGH = 100
"""From so many changes on there is a p99 that is not the worst one."""
PAUSE_S = {"row": 0.002, "sign": 0.002, "feed": 0.02}
ROW = "select 1 from uplink.uplink where dev_eui = %s and f_cnt = %s"
SITES = "/feeds/parkapi/v3/parking-sites"
STATE = f"takt/v1/state/bay/{PROBE.bay_id}"
ASKED = (
    f"Asked for: row in `uplink.uplink`, state topic `{STATE}`, sign `/v1/signs/{PROBE_SIGN}`,"
    f" feed `{SITES}`"
)
FAST, SLOW = ("row", "state topic", "sign"), ("feed",)
Delays = dict[str, list[float]]
"""Milliseconds from publish by where the change was seen."""
Change = Callable[[Sequence[str]], dict[str, float]]
"""Changes the bay once, and returns its delays at these places."""


class BehindError(RuntimeError):
    """A change did not show in time: more comes than is worked off."""


@dataclass(frozen=True)
class Unseen:
    """What went on while nobody looked: uplinks stored in how many seconds, CPU seconds by part."""

    stored: float
    took_s: float
    cpu_s: Mapping[str, float]


def measure(town: Town, console: Console) -> Iterator[Table]:
    """Yield delays and CPU by part, of one rate after the other."""
    with _probing(town) as change:
        change(FAST)
        for rate in RATES:
            console.print(f"{rate:,} uplinks/s …")
            found: Delays = {where: [] for where in (*FAST, *SLOW)}
            seconds = int(SETTLE_S + SECONDS + FEED_CHANGES * LONGEST_S / 4 + UNSEEN_S)
            with load(town.stack, town.devices, rate, seconds) as sent:
                time.sleep(SETTLE_S)
                behind = _changes(change, found)
                unseen = _unseen(town)
            yield _of_delays(rate, sent.per_s, found, behind)
            yield _of_parts(rate, unseen)


def _changes(change: Change, found: Delays) -> str:
    """Change the bay until the time is over, then for the feed; return why it ended before."""
    try:
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            _once(change, FAST, found)
        for _ in range(FEED_CHANGES):
            _once(change, SLOW, found)
    except BehindError as error:
        return str(error)
    return ""


def _once(change: Change, places: Sequence[str], found: Delays) -> None:
    seen = change(places)
    for where, delay_ms in seen.items():
        found[where].append(delay_ms)
    if (longest := max(seen.values())) > LONGEST_S * 1000:
        raise BehindError(f"a change had shown after {longest / 1000:.0f} s only")
    # Not in step with anything that happens at regular times.
    time.sleep(0.02 + (len(found[places[0]]) % 17) / 500)


def _unseen(town: Town) -> Unseen:
    before, stored, began = town.cpu_s(), town.stored(), time.monotonic()
    time.sleep(UNSEEN_S)
    after, stored = town.cpu_s(), town.stored() - stored
    used = {part: after[part] - before[part] for part in after}
    return Unseen(stored, time.monotonic() - began, used)


def _of_delays(rate: int, sent_per_s: float, found: Delays, behind: str) -> Table:
    table = Table("publish to", "changes", "median", "p95", "p99", "worst",
                  title=f"Latency at {rate:,} uplinks/s ({sent_per_s:,.0f}/s taken by the broker), ms",
                  caption=ASKED)  # fmt: skip
    for where, delays in found.items():
        table.add_row(where, *_spread(delays))
    if behind:
        table.add_row(f"ended before its time: {behind}", *["-"] * 5)
    return table


def _of_parts(rate: int, unseen: Unseen) -> Table:
    per_s = unseen.stored / unseen.took_s
    title = f"What {rate:,} uplinks/s cost ({per_s:,.0f}/s stored), while nobody looks"
    table = Table("part", "cores", "CPU, µs an uplink", title=title)
    for part, used_s in unseen.cpu_s.items():
        each = f"{used_s / unseen.stored * 1e6:,.0f}" if unseen.stored else "-"
        table.add_row(part, f"{used_s / unseen.took_s:.2f}", each)
    return table


@contextmanager
def _probing(town: Town) -> Iterator[Change]:
    """Hold connections open, and yield what changes the bay once and returns when that was seen."""
    states: dict[str, float] = {}

    def take(message: paho.MQTTMessage) -> None:
        at = time.perf_counter()
        if message.payload:
            states.setdefault(orjson.loads(message.payload)["data"]["state"], at)

    look = {
        "row": _row(town.database_url),
        "sign": _sign(town.parking),
        "feed": _feed(town.publisher),
    }
    number = 0
    with (
        listening(town.stack.mosquitto.url, STATE, take) as client,
        ThreadPoolExecutor(len(look)) as pool,
    ):

        def change(places: Sequence[str]) -> dict[str, float]:
            nonlocal number
            number += 1
            occupied = number % 2 == 1
            states.clear()
            began = time.perf_counter()
            client.publish(PROBE_TOPIC, probe_uplink(number, occupied=occupied), qos=1)
            seen = {
                where: pool.submit(_until, began, PAUSE_S[where], look[where], number)
                for where in look
                if where in places
            }
            found = {where: each.result() for where, each in seen.items()}
            if "state topic" in places:
                wanted = "occupied" if occupied else "free"
                _until(began, 0.002, lambda _: wanted in states, number)
                found["state topic"] = (states[wanted] - began) * 1000
            return found

        yield change


def _until(began: float, pause_s: float, shows: Callable[[int], bool], number: int) -> float:
    """Return after how many milliseconds a change shows."""
    while not shows(number):
        if time.perf_counter() - began > PATIENCE_S:
            raise BehindError(f"a change had not shown after {PATIENCE_S:.0f} s")
        time.sleep(pause_s)
    return (time.perf_counter() - began) * 1000


def _row(database_url: str) -> Callable[[int], bool]:
    connection = psycopg.connect(plain(database_url), autocommit=True)
    return lambda number: connection.execute(ROW, (PROBE.dev_eui, number)).fetchone() is not None


def _sign(parking: Service) -> Callable[[int], bool]:
    ask = _asking(parking, f"/v1/signs/{PROBE_SIGN}")
    return lambda number: ask().get("free") == 1 - number % 2


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
        try:
            return _once_asked(connection, path)
        except ConnectionError:
            # Nobody had asked for so long that the service closed it.
            connection.close()
            return _once_asked(connection, path)

    return ask


def _once_asked(connection: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    said: dict[str, Any] = json.loads(body) if answer.status == 200 else {}
    return said


def _spread(values: Sequence[float]) -> tuple[str, ...]:
    if not values:
        return ("0", "-", "-", "-", "-")
    ordered = sorted(values)
    p95, p99 = (f"{ranked(ordered, share):,.0f}" for share in (0.95, 0.99))
    median, worst = f"{statistics.median(ordered):,.0f}", f"{ordered[-1]:,.0f}"
    return f"{len(ordered):,}", median, p95, p99 if len(ordered) >= ENOUGH else "-", worst
