# SPDX-License-Identifier: EUPL-1.2
"""The town of a campaign: bays heard by both network servers, a lot with gates, buses with doors, weather stations."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import measure_registry
from crash.campaign.beside import SHORT, bays_beside, lots_beside, write_told
from crash.campaign.line import write_timetable
from stadttakt_runtime.clock import utc_now

CHIRPSTACK, TTS = "campaign-chirpstack", "campaign-tts"
SECRETS = {CHIRPSTACK: "CAMPAIGN_SECRET_CHIRPSTACK", TTS: "CAMPAIGN_SECRET_TTS"}
"""Of each source the variable with the secret of its webhook, which is that name itself."""

BAYS = {"west": 60, "ost": 40}
"""Lots of single bays: those of `west` speak through ChirpStack, those of `ost` through The Things Stack."""

GATED, GATED_CAPACITY, INSIDE_AT_FIRST = "zentrum", 4000, 2000
"""So large that made-up traffic never meets its ends: every count is arithmetic."""

GATE_ERRORS = 0.001
"""So many of all vehicles each gate misses, and counts twice."""

UPLINK_GATE, DIRECT_GATE = "nord", "sued"
BUSES = ("bus-1", "bus-2", "bus-3", "bus-4", "bus-5", "bus-6")
UPLINK_DOOR, DIRECT_DOOR = "1", "2"
STATIONS = {"wetter-west": CHIRPSTACK, "wetter-ost": TTS}
"""Of each the network server that hears it."""

SEATS, STANDING = 40, 60
TARE_KG, PERSON_KG = 12_000, 75
TERMINAL_EMPTY = 0.3
"""How likely a bus is empty between two trips; those of the town are so by chance only."""

HOLD_S, STALE_AFTER_S = 6.0, 30.0
"""Of all signs; short, so that faults outlast what is shown."""

CLOCK_STEP_S = 1.0

LOTS = (*BAYS, GATED)
SIGNS = tuple(f"{lot_id}-tor" for lot_id in LOTS)
SILENT_SIGN = f"{SHORT}-tor"
"""Of the small lot that soon falls silent."""

WATCHED = (*SIGNS, SILENT_SIGN)
TEMPLATE = Path(measure_registry.__file__).parent / "city_template/registry"
_SOURCES = """\
sources:
  - {{source_id: {chirpstack}, dialect: chirpstack, webhook_secret: {secrets[campaign-chirpstack]},
      topics: ["{root}/application/+/device/+/event/+"]}}
  - {{source_id: {tts}, dialect: tts, webhook_secret: {secrets[campaign-tts]}, topics: ["{root}/v3/+/devices/+/#"]}}
"""
_LOT = """\
  - {{lot_id: {lot_id}, name: {lot_id}, capacity: {capacity}, detection: single_bay,
      lat: 51.48, lon: 11.96, heartbeat_limit_s: 7200}}
"""
_GATED = """\
  - lot_id: {lot_id}
    name: {lot_id}
    capacity: {capacity}
    detection: balancing
    lat: 51.48
    lon: 11.96
    heartbeat_limit_s: 7200
    balancing:
      gates:
        - {{gate: {uplink}, kind: loop, counter_bits: 16, max_per_min: 1000, miss_rate: {errors}, double_rate: {errors}}}
        - {{gate: {direct}, kind: loop, max_per_min: 1000, miss_rate: {errors}, double_rate: {errors}}}
"""
_SIGN = """\
  - {{sign_id: {lot_id}-tor, lot_id: {lot_id}, lat: 51.48, lon: 11.96, min_dwell_s: 0,
      hold_s: {hold}, stale_after_s: {stale}}}
"""
_VEHICLES = """\
kinds:
  - kind: bus
    name: Bus
    mode: bus
    seats: {seats}
    standing: {standing}
    doors: ["{uplink}", "{direct}"]
    counting: {{counter_bits: 32, max_per_min: 600}}
    axles: {{tare_kg: {tare}, person_kg: {person}}}
    terminal_empty: {empty}
vehicles:
"""
_CITY = "city_id: campaign\nname: Campaign\ntimezone: Europe/Berlin\nlanguages: [de, en]\nbbox: [11.8, 51.4, 12.1, 51.6]\n"
_ASSETS = "asset_id,kind,name,lat,lon,height_m,description\n" + "".join(
    f"{asset_id},environment,{asset_id},51.48,11.96,3,\n" for asset_id in STATIONS
)
_DEVICE_COLUMNS = "dev_eui,name,codec_id,asset_kind,asset_id,expected_interval_s\n"


@dataclass(frozen=True, slots=True)
class Sensor:
    """A LoRaWAN device of the town; `place` is its bay, or lot and gate, or bus, or the asset of a station."""

    dev_eui: str
    source: str
    codec_id: str
    kind: str
    place: str


def bay_sensors() -> list[Sensor]:
    """The sensors of all bays."""
    return list(_bay_sensors())


def _bay_sensors() -> Iterator[Sensor]:
    number = 0
    for lot_id, count in BAYS.items():
        source, codec = (CHIRPSTACK, "bosch-tps110") if lot_id == "west" else (TTS, "netvox-r719a")
        for bay in range(1, count + 1):
            number += 1
            yield Sensor(f"0200c4a500{number:06x}", source, codec, "bay", f"{lot_id}-{bay:02}")


def gate_sensor() -> Sensor:
    """The counter at the gate that speaks LoRaWAN."""
    return Sensor("0200c4a501000001", TTS, "milesight-vs350", "lot_gate", f"{GATED}/{UPLINK_GATE}")


def door_sensors() -> list[Sensor]:
    """The counters at those doors that speak LoRaWAN."""
    return [
        Sensor(f"0200c4a502{number:06x}", CHIRPSTACK, "milesight-vs133", "vehicle", bus)
        for number, bus in enumerate(BUSES, 1)
    ]


def station_sensors() -> list[Sensor]:
    """The sensors of temperature and humidity."""
    return [
        Sensor(f"0200c4a503{number:06x}", source, "milesight-em300-th", "environment", asset_id)
        for number, (asset_id, source) in enumerate(STATIONS.items(), 1)
    ]


def all_sensors() -> list[Sensor]:
    """All LoRaWAN devices of the town."""
    return [*bay_sensors(), gate_sensor(), *door_sensors(), *station_sensors()]


def lot_of(bay_id: str) -> str:
    """The lot of a bay."""
    return bay_id.rpartition("-")[0]


def write_town(folder: Path, root: str) -> Path:
    """Write the city folder; uplinks come below a topic root of one's own."""
    for part in ("parking", "transit"):
        (folder / part).mkdir(parents=True)
    (folder / "city.yaml").write_text(_CITY)
    sources = _SOURCES.format(chirpstack=CHIRPSTACK, tts=TTS, root=root, secrets=SECRETS)
    (folder / "sources.yaml").write_text(sources)
    sensors = all_sensors()
    lines = (f"{s.dev_eui},{s.dev_eui},{s.codec_id},{s.kind},{s.place},3600\n" for s in sensors)
    (folder / "devices.csv").write_text(_DEVICE_COLUMNS + "".join(lines))
    (folder / "assets.csv").write_text(_ASSETS)
    _write_parking(folder / "parking")
    kind = _VEHICLES.format(
        seats=SEATS,
        standing=STANDING,
        uplink=UPLINK_DOOR,
        direct=DIRECT_DOOR,
        tare=TARE_KG,
        person=PERSON_KG,
        empty=TERMINAL_EMPTY,
    )
    fleet = "".join(f"  - {{vehicle_id: {bus}, kind: bus}}\n" for bus in BUSES)
    (folder / "transit/vehicles.yaml").write_text(kind + fleet)
    write_timetable(folder / "transit", utc_now())
    write_told(folder)
    shutil.copytree(TEMPLATE, folder / "registry", ignore=shutil.ignore_patterns("places.yaml"))
    return folder


def _write_parking(folder: Path) -> None:
    lots = [_LOT.format(lot_id=lot_id, capacity=count) for lot_id, count in BAYS.items()]
    gates = {"uplink": UPLINK_GATE, "direct": DIRECT_GATE, "errors": GATE_ERRORS}
    lots.append(_GATED.format(lot_id=GATED, capacity=GATED_CAPACITY, **gates))
    (folder / "lots.yaml").write_text("lots:\n" + "".join([*lots, *lots_beside()]))
    signs = (
        _SIGN.format(lot_id=lot_id, hold=HOLD_S, stale=STALE_AFTER_S) for lot_id in (*LOTS, SHORT)
    )
    (folder / "signs.yaml").write_text("signs:\n" + "".join(signs))
    places = [*((s.place, lot_of(s.place)) for s in bay_sensors()), *bays_beside()]
    bays = (f"{bay_id},{lot_id},general,51.48,11.96,\n" for bay_id, lot_id in places)
    (folder / "bays.csv").write_text(
        "bay_id,lot_id,kind,lat,lon,heartbeat_limit_s\n" + "".join(bays)
    )
