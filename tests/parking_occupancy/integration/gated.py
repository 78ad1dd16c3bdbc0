# SPDX-License-Identifier: EUPL-1.2
"""A city whose lot is counted at its gates, and what its gates say."""

from __future__ import annotations

import asyncio
import itertools
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from parking_occupancy.city.apply import apply_city
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.mqtt import Outgoing

from .harness import Wire, World

_numbers = itertools.count(1)

GATES = """
        - {gate: nord, kind: camera, heartbeat_limit_s: 3600, counter_bits: 16}
        - {gate: sued, kind: loop, heartbeat_limit_s: 3600, inverted: true}
"""


def write_gated_city(
    folder: Path,
    *,
    capacity: int = 20,
    gates: str = GATES,
    rules: str = "",
    bays: str = "",
    detection: str = "balancing",
) -> Path:
    """Write a city of one lot `platz` with gates and one sign `tor`; returns its folder."""
    parking = folder / "parking"
    parking.mkdir(parents=True, exist_ok=True)
    (folder / "city.yaml").write_text("city_id: test\ntimezone: Europe/Berlin\n")
    (parking / "lots.yaml").write_text(
        "lots:\n  - lot_id: platz\n    name: Platz\n"
        f"    capacity: {capacity}\n    detection: {detection}\n    lat: 51.48\n    lon: 11.96\n"
        f"    heartbeat_limit_s: 3600\n    balancing:\n      gates: {gates}{rules}"
    )
    (parking / "bays.csv").write_text("bay_id,lot_id,kind,lat,lon,heartbeat_limit_s\n" + bays)
    (parking / "signs.yaml").write_text(
        "signs:\n  - {sign_id: tor, lot_id: platz, lat: 51.48, lon: 11.96, min_dwell_s: 0}\n"
    )
    return folder


async def apply(world: World, folder: Path) -> None:
    await asyncio.to_thread(apply_city, folder, world.database_url)


def count_event(
    inwards: object,
    outwards: object,
    *,
    gate: str = "nord",
    mode: str = "delta",
    at: datetime | None = None,
    event_id: str | None = None,
    **fields: Any,
) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id or f"gate-{os.getpid()}-{next(_numbers)}",
            "source": "/test",
            "type": event_type("vehicle-count"),
            "subject": f"lot/platz/gate/{gate}",
            "time": at or utc_now(),
            "datacontenttype": "application/json",
            "dataschema": schema_urn("vehicle-count"),
            "data": {"mode": mode, "in": inwards, "out": outwards, **fields},
        }
    )


async def send(wire: Wire, payload: bytes, gate: str = "nord", lot: str = "platz") -> None:
    await wire.mqtt.publish_all([Outgoing(wire.topics.vehicle_count(lot, gate), payload)])


async def tell(wire: Wire, inwards: int, outwards: int, *, gate: str = "nord", **how: Any) -> None:
    await send(wire, count_event(inwards, outwards, gate=gate, **how), gate)
