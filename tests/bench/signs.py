# SPDX-License-Identifier: EUPL-1.2
"""From uplink to sign, and how many requests the sign endpoint answers meanwhile."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import paho.mqtt.client as paho

from bench.backlog import UPLINKS, until
from bench.city import PROBE_SIGN, PROBE_TOPIC, probe_uplink
from bench.ranks import ranked
from bench.sending import connected
from bench.services import Service, ask
from support.stack import Stack

PROBES = 200
SIGN, CHANGING_SIGN = f"/v1/signs/{PROBE_SIGN}", "/v1/signs/load-0-sign"
"""Of the one bay that a probe changes, and of a lot whose bays the load changes."""
ASKED = "Asked for: `{}`; decoder and parking run, the publisher of feeds does not"
PROBE_TIMEOUT_S = 10.0
POLL_PAUSE_S = 0.002
WRK_S = 10


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the publish of an uplink until the sign endpoint shows it."""

    median: float
    p95: float
    p99: float
    worst: float
    uplinks_per_s: float


@dataclass(frozen=True)
class Requests:
    """Answers of the sign endpoint a second, their p99, and how often a second the sign changed meanwhile."""

    per_s: float
    p99_ms: float
    changes_per_s: float


def measure_latency(stack: Stack, parking: Service, decoder: Service) -> Latency:
    """Let the probe bay change 200 times and wait each time until its sign follows."""
    address = urlsplit(parking.url)
    sign = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    with connected(stack.mosquitto.url) as client:
        begun, before = time.perf_counter(), _stored(decoder)
        delays = [_probe(client, sign, number) for number in range(PROBES)]
        rate = (_stored(decoder) - before) / (time.perf_counter() - begun)
    return Latency(
        median=statistics.median(delays),
        p95=ranked(delays, 0.95),
        p99=ranked(delays, 0.99),
        worst=max(delays),
        uplinks_per_s=rate,
    )


def _stored(decoder: Service) -> float:
    return decoder.samples().get(UPLINKS, 0.0)


def _probe(client: paho.Client, sign: http.client.HTTPConnection, number: int) -> float:
    occupied = number % 2 == 0
    begun = time.perf_counter()
    client.publish(PROBE_TOPIC, probe_uplink(number, occupied=occupied), qos=1)
    while time.perf_counter() - begun < PROBE_TIMEOUT_S:
        sign.request("GET", SIGN)
        shown = json.loads(sign.getresponse().read())
        if shown["free"] == (0 if occupied else 1):
            delay_ms = (time.perf_counter() - begun) * 1000
            # Not in step with anything that happens at regular times.
            time.sleep(0.02 + (number % 17) / 500)
            return delay_ms
        time.sleep(POLL_PAUSE_S)
    raise RuntimeError(f"the sign did not follow in {PROBE_TIMEOUT_S} s: {shown}")


def measure_requests(parking: Service, decoder: Service, devices: int) -> Requests | None:
    """Return what is answered of a sign that changes meanwhile, from when each device has spoken once; nothing without wrk.

    Raises:
        RuntimeError: the sign did not change.

    """
    wrk = shutil.which("wrk")
    if wrk is None:
        return None
    url = f"{parking.url}{CHANGING_SIGN}"
    command = [wrk, "-t1", "-c32", f"-d{WRK_S}s", "--latency", url]
    # Until then a device may say again what it said last under another load.
    until(lambda: _stored(decoder), _stored(decoder) + devices)
    before = ask(url).json()["sequence"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    if "Non-2xx" in output:
        raise RuntimeError(output)
    changes = ask(url).json()["sequence"] - before
    if not changes:
        raise RuntimeError("the sign did not change while it was asked for")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", output)
    p99 = re.search(r"99%\s+([0-9.]+)(us|ms|s)", output)
    if rate is None or p99 is None:
        raise RuntimeError(output)
    factor = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99.group(2)]
    return Requests(float(rate.group(1)), float(p99.group(1)) * factor, changes / WRK_S)
