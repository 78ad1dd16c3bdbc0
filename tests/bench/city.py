# SPDX-License-Identifier: EUPL-1.2
"""A city for load: 5,000 bays in ten lots, and one bay with a sign of its own to probe latency."""

from __future__ import annotations

import csv
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.events import uplink, uplink_topic
from stadttakt_simulators.burst import BurstDevice, burst_devices, write_devices

LOAD_DEVICES = 5000
LOTS = 10
PROBE = BurstDevice("0200b057ffffffff", "bosch-tps110", "probe-1")
PROBE_SIGN = "probe-sign"
PROBE_TOPIC = uplink_topic(PROBE.dev_eui)
SOURCES = """
sources:
  - {source_id: bench, dialect: chirpstack, simulated: true, topics: ["application/+/device/+/event/+"]}
"""
_PLACE = "lat: 51.48, lon: 11.97"


def write_city(
    folder: Path, devices_in_all: int = LOAD_DEVICES, lots_in_all: int = LOTS
) -> list[BurstDevice]:
    """Write the city folder; return the devices that make the load."""
    parking = folder / "parking"
    parking.mkdir(parents=True)
    devices = burst_devices(devices_in_all)
    write_devices(folder / "devices.csv", [*devices, PROBE])
    (folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    each = devices_in_all // lots_in_all
    lots = [*((f"load-{number}", each) for number in range(lots_in_all)), ("probe", 1)]
    lines = [
        f"  - {{lot_id: {lot_id}, name: {lot_id}, capacity: {capacity}, detection: single_bay,"
        f" {_PLACE}, heartbeat_limit_s: 7200}}"
        for lot_id, capacity in lots
    ]
    (parking / "lots.yaml").write_text("lots:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with (parking / "bays.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["bay_id", "lot_id", "kind", "lat", "lon", "heartbeat_limit_s"])
        for index, device in enumerate(devices):
            writer.writerow(
                [device.bay_id, f"load-{index % lots_in_all}", "general", 51.48, 11.97, ""]
            )
        writer.writerow([PROBE.bay_id, "probe", "general", 51.48, 11.97, ""])
    signs = [(f"load-{number}-sign", f"load-{number}") for number in range(lots_in_all)]
    entries = [
        f"  - {{sign_id: {sign_id}, lot_id: {lot_id}, {_PLACE}, min_dwell_s: 0}}"
        for sign_id, lot_id in [*signs, (PROBE_SIGN, "probe")]
    ]
    (parking / "signs.yaml").write_text("signs:\n" + "\n".join(entries) + "\n", encoding="utf-8")
    return devices


def probe_uplink(number: int, *, occupied: bool) -> bytes:
    """Return what the network server tells when the probe's bay changes for the number-th time."""
    uplink_id = f"probe-{time.time_ns()}-{number}"
    return uplink(PROBE.dev_eui, uplink_id, number, datetime.now(tz=UTC), occupied=occupied)
