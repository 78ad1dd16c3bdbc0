# SPDX-License-Identifier: EUPL-1.2
"""What both network servers send for the bay sensors of Halle, byte-true."""

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml

from stadttakt_simulators.clock import SECOND, system_clock
from stadttakt_simulators.lorawan.dialects.chirpstack import ChirpStack
from stadttakt_simulators.lorawan.dialects.model import Message, Session, Uplink
from stadttakt_simulators.lorawan.dialects.tts import TheThingsStack
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS
from stadttakt_simulators.lorawan.encoders.model import BayState, Occasion
from stadttakt_simulators.lorawan.radio import CHANNELS_HZ, Gateway, Place, Reception
from stadttakt_simulators.network import identify

HALLE = Path(__file__).parents[2] / "deploy" / "cities" / "halle"
SIMULATED_APPLICATION = "5147ad00-0000-4000-8000-000000000001"
REAL_APPLICATION = "3ef9e6b9-ec54-4eda-86b8-a5fb46899f39"
RNG = Random(7)
_counters = itertools.count(1)
_GATEWAYS = tuple(
    Gateway(f"halle-{n}", f"0016c001f142{n:04x}", Place(51.48, 11.97), 120.0, frozenset(), gps=True)
    for n in (1, 2)
)


@dataclass(frozen=True)
class Sensor:
    """One bay sensor of the city and the kind of its bay."""

    dev_eui: str
    codec_id: str
    bay_id: str
    kind: str


def sensors(lot_id: str, city: Path = HALLE) -> list[Sensor]:
    """The sensors of a lot, in the order of its bays; of bays whose kind the hour does not change."""
    timed = yaml.safe_load((city / "parking" / "restrictions.yaml").read_text(encoding="utf-8"))
    changing = {bay for each in timed["restrictions"] for bay in each["bays"]}
    with (city / "parking" / "bays.csv").open(encoding="utf-8") as file:
        kinds = {
            row["bay_id"]: row["kind"] for row in csv.DictReader(file) if row["lot_id"] == lot_id
        }
    with (city / "devices.csv").open(encoding="utf-8") as file:
        return [
            Sensor(row["dev_eui"], row["codec_id"], row["asset_id"], kinds[row["asset_id"]])
            for row in csv.DictReader(file)
            if row["asset_id"] in kinds and row["asset_id"] not in changing
        ]


def chirpstack(sensor: Sensor, *, occupied: bool, application: str = REAL_APPLICATION) -> Message:
    """What ChirpStack v4 sends when a sensor reports a change."""
    server = ChirpStack("52f14cd4-c6f1-4fbd-8f87-4025e1d49242", "Halle", application, "parken")
    return server.up(_uplink(sensor, occupied=occupied), RNG)


def ttn(sensor: Sensor, *, occupied: bool) -> Message:
    """What The Things Stack v3 sends when a sensor reports a change."""
    server = TheThingsStack(
        application_id="halle-parken",
        tenant_id="ttn",
        cluster_id="eu1",
        cluster_address="eu1.cloud.thethings.network",
        net_id="000013",
        ns_id="EC656E0000000181",
    )
    return server.up(_uplink(sensor, occupied=occupied), RNG)


def _uplink(sensor: Sensor, *, occupied: bool) -> Uplink:
    now = system_clock()
    return Uplink(
        identify(sensor.dev_eui, sensor.bay_id, sensor.codec_id),
        Session("260b7a49", "AZrtIhr44TiNGAgGyNKXbw=="),
        f_cnt=next(_counters),
        frame=BAY_ENCODERS[sensor.codec_id](BayState(occupied), Occasion.CHANGE),
        sent_at=now,
        gateway_at=now,
        server_at=type(now)(now + SECOND // 10),
        receptions=tuple(Reception(gateway, -72, 11.0) for gateway in _GATEWAYS),
        factor=7,
        frequency_hz=CHANNELS_HZ[0],
        airtime_s=0.06,
    )
