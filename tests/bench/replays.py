# SPDX-License-Identifier: EUPL-1.2
"""How many stored uplinks a second a decoder replays: looked at only, and for real.

The uplinks come in over the broker first, as they do outside; then replays of all of them follow
one another. Each is timed by the database's clock, from its first transaction until all that it
wrote is published.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench.backlog import UPLINKS, until
from bench.services import running
from bench.throughput import COUNT, fill
from stadttakt_simulators.burst import BurstDevice
from support.asking import mint_key
from support.stack import Stack

WITHIN_S = 300.0
SETTINGS = {
    "STADTTAKT_UPLINK_REPLAY_RATE": "1000000",
    "STADTTAKT_UPLINK_REPLAY_WINDOW": os.environ.get("REPLAY_WINDOW", "2000"),
}
CODEC_ID = "bosch-tps110"
SCRIPT = """
function decodeUplink(input) { return {data: {occupied: (input.bytes[0] & 1) === 0}}; }
"""
MAPPING = {"readings": [{"kind": "bay", "occupied": {"path": "$.occupied", "equals": True}}]}
SPENT = """
select extract(epoch from clock_timestamp() - started_at)::float8 from replay
where replay_id = %s and state = 'done' and unpublished_from is null
"""


@dataclass(frozen=True)
class Scenario:
    """One replay of everything stored; `counts` says what it must have found."""

    title: str
    request: Mapping[str, Any]
    found: str


@dataclass(frozen=True)
class Result:
    """Uplinks a second, and the decoder's CPU time for each: that hardly depends on who else works."""

    scenario: Scenario
    rate: float
    cpu_us: float


SCENARIOS = (
    Scenario("native, dry run", {"dry_run": True}, "same"),
    Scenario("native, for real, nothing differs", {}, "same"),
    Scenario(
        "JavaScript of one line, dry run, everything differs",
        {"codec_id": "turned", "dry_run": True},
        "changed",
    ),
    Scenario(
        "JavaScript of one line, for real, everything differs", {"codec_id": "turned"}, "changed"
    ),
    Scenario("native, for real, everything differs", {}, "changed"),
)


def measure(
    stack: Stack, database_url: str, city: Path, devices: Sequence[BurstDevice]
) -> Iterator[Result]:
    """Store `COUNT` uplinks, then replay them in all ways."""
    with running("uplink_decoder", database_url, stack.mosquitto.url, city, SETTINGS) as decoder:
        fill(stack, devices, 0)
        until(lambda: decoder.samples().get(UPLINKS, 0.0), COUNT)
        key = asyncio.run(mint_key(database_url, "admin"))
        headers = {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=decoder.url, headers=headers, timeout=30) as http:
            _upload(http)
            for scenario in SCENARIOS:
                cpu_s = decoder.samples()["process_cpu_seconds_total"]
                rate = COUNT / _replay(http, database_url, scenario)
                cpu_s = decoder.samples()["process_cpu_seconds_total"] - cpu_s
                yield Result(scenario, rate, cpu_s / COUNT * 1e6)


def _upload(http: httpx.Client) -> None:
    body = {"language": "javascript", "source": SCRIPT, "mapping": MAPPING, "stateless": True}
    http.put("/v1/codecs/turned", json=body).raise_for_status()


def _replay(http: httpx.Client, database_url: str, scenario: Scenario) -> float:
    chosen = {"filter": {"codec_id": CODEC_ID}, **scenario.request}
    replay_id = http.post("/v1/replays", json=chosen).raise_for_status().json()["replay_id"]
    deadline = time.monotonic() + WITHIN_S
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set search_path to uplink")
        while (row := connection.execute(SPENT, [replay_id]).fetchone()) is None:
            if time.monotonic() > deadline:
                raise RuntimeError("the replay did not end in time")
            time.sleep(0.02)
    counts = http.get(f"/v1/replays/{replay_id}").json()["counts"]
    if (counts["uplinks"], counts["observations"][scenario.found]) != (COUNT, COUNT):
        raise RuntimeError(f"{scenario.title} found something else: {counts}")
    return float(row[0])
