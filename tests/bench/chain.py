# SPDX-License-Identifier: EUPL-1.2
"""Uplinks a second to committed rows, through parking, and until all signs show them, with all on the same cores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

import orjson
import paho.mqtt.client as paho
from rich.table import Table

from bench import throughput
from bench.backlog import until
from bench.city import LOTS
from bench.sending import listening
from bench.whole_city import Town
from stadttakt_simulators.burst import BurstDevice, BurstMessage

COUNT = throughput.COUNT
PATIENCE_S = 600.0
SIGNS = "takt/v1/state/sign/+"


class Shown:
    """What signs show by their states at the broker, and how many of these came."""

    def __init__(self) -> None:
        self.free: dict[str, int | None] = {}
        self.states = 0

    def take(self, message: paho.MQTTMessage) -> None:
        """Note a sign's state."""
        sign = orjson.loads(message.payload)["data"]
        self.free[sign["sign_id"]] = sign["free"]
        self.states += 1

    def as_wanted(self, wanted: dict[str, int]) -> int:
        """Return how many signs show what they should."""
        return sum(self.free.get(sign) == free for sign, free in wanted.items())


def measure(town: Town) -> Table:
    """Send as fast as the broker takes it; read when the decoder, parking, and the signs were through."""
    stored, counted = town.stored() + COUNT, town.counted() + COUNT
    shown = Shown()
    with listening(town.stack.mosquitto.url, SIGNS, shown.take):
        rows_before, before, began = town.rows(), town.cpu_s(), time.monotonic()
        sent = throughput.fill(town.stack, town.devices, 1, count=COUNT)
        sent_s = time.monotonic() - began
        rows_s = _through(town.stored, stored, began)
        parking_s = _through(town.counted, counted, began)
        wanted = wanted_of(sent, town.devices)
        signs_s = _through(lambda: shown.as_wanted(wanted), len(wanted), began)
        after, rows = town.cpu_s(), town.rows()
    if rows != (expected := rows_before + COUNT):
        raise RuntimeError(f"{rows:,} uplinks have a row, not {expected:,}")
    table = Table(
        "until", "seconds", "uplinks/s", title=f"{COUNT:,} uplinks, each of which turns a bay over"
    )
    for name, took_s in (
        ("the broker has taken all", sent_s),
        ("all rows are committed (counted afterwards)", rows_s),
        ("parking has committed all, by its own counter", parking_s),
        (f"all signs show them, by {shown.states:,} states at the broker", signs_s),
    ):
        table.add_row(name, f"{took_s:.1f}", f"{COUNT / took_s:,.0f}")
    used = ", ".join(f"{part} {(after[part] - before[part]) / COUNT * 1e6:.0f}" for part in after)
    table.caption = f"CPU µs an uplink: {used}"
    return table


def wanted_of(
    sent: Sequence[BurstMessage], devices: Sequence[BurstDevice], lots: int = LOTS
) -> dict[str, int]:
    """Return how many free bays the sign of each lot of the city for load shows after the last of these uplinks."""
    occupied = {each.bay_id: each.occupied for each in sent}
    free = Counter(
        number % lots for number, each in enumerate(devices) if not occupied[each.bay_id]
    )
    return {f"load-{number}-sign": free[number] for number in range(lots)}


def _through(done: Callable[[], float], wanted: float, began: float) -> float:
    until(done, wanted, within_s=PATIENCE_S)
    return time.monotonic() - began
