# SPDX-License-Identifier: EUPL-1.2
"""Makes ChirpStack uplinks of about 1 kB in advance, so that sending them costs next to nothing."""

from __future__ import annotations

import base64
import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from stadttakt_simulators.city.places import DEVICE_COLUMNS, load_city
from stadttakt_simulators.clock import SECOND, EpochNs, rfc3339
from stadttakt_simulators.lorawan.dialects.chirpstack import UTC_OFFSET, ChirpStack
from stadttakt_simulators.lorawan.dialects.model import Session, Uplink
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS
from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion
from stadttakt_simulators.lorawan.radio import CHANNELS_HZ, Gateway, Place, Reception
from stadttakt_simulators.network import identify

APPLICATION_ID = "5147ad00-0000-4000-8000-000000000001"
SERVER = ChirpStack(
    tenant_id="5147ad00-0000-4000-8000-0000000000aa",
    tenant_name="Stadttakt Demo",
    application_id=APPLICATION_ID,
    application_name="stadttakt-sim",
)
DEFAULT_CODEC = "bosch-tps110"
DEFAULT_SPACING_NS = 50_000
_TIME, _IDENTITY, _F_CNT, _DATA = "@time@", "@identity@", -1, "@data@"
# One only: with two a message is no longer about 1 kB.
_GATEWAYS = (
    Gateway(
        "burst-1",
        "0200fffeb0000001",
        Place(51.48, 11.97),
        120.0,
        frozenset({"chirpstack"}),
        gps=True,
    ),
)


@dataclass(frozen=True, slots=True)
class BurstDevice:
    """A bay sensor that takes part in a burst."""

    dev_eui: str
    codec_id: str
    bay_id: str


@dataclass(frozen=True, slots=True)
class BurstMessage:
    """One uplink ready to be sent, and what it says."""

    topic: bytes
    payload: bytes
    identity: str
    dev_eui: str
    bay_id: str
    time: str
    occupied: bool


def burst_devices(count: int) -> list[BurstDevice]:
    """This function makes up devices that exist in no city folder."""
    return [
        BurstDevice(f"0200b05700{number:06x}", DEFAULT_CODEC, f"burst-{number:05d}")
        for number in range(1, count + 1)
    ]


def city_devices(folder: Path) -> list[BurstDevice]:
    """This function takes the simulated bay sensors of a city, so that its signs change."""
    return [
        BurstDevice(device.dev_eui, device.codec_id, device.asset_id)
        for device in load_city(folder).devices
        if device.asset_kind == "bay"
        and device.codec_id in BAY_ENCODERS
        and "network" in device.tags
    ]


def write_devices(path: Path, devices: Iterable[BurstDevice]) -> None:
    """This function writes the devices in the form of devices.csv, for the decoder to import."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(DEVICE_COLUMNS)
        for device in devices:
            writer.writerow(
                (
                    device.dev_eui,
                    device.bay_id,
                    device.codec_id,
                    "bay",
                    device.bay_id,
                    3600,
                    "load=burst",
                )
            )


def burst_pool(
    count: int,
    devices: Sequence[BurstDevice],
    *,
    started: EpochNs,
    spacing_ns: int = DEFAULT_SPACING_NS,
    seed: int = 1,
    first_f_cnt: int = 0,
) -> list[BurstMessage]:
    """This function makes uplinks of the devices in turn; a device's bay changes with each, times rise by `spacing_ns`."""
    rng = random.Random(f"{seed}/burst")
    templates = [_template(device, rng) for device in devices]
    messages = []
    for number in range(count):
        turn, index = divmod(number, len(devices))
        device, template = devices[index], templates[index]
        occupied = (turn + index) % 2 == 0
        identity = _uuid4(rng.getrandbits(128))
        time = rfc3339(EpochNs(started + number * spacing_ns), UTC_OFFSET)
        payload = template.fill(identity, time, first_f_cnt + turn, occupied=occupied)
        messages.append(
            BurstMessage(
                template.topic, payload, identity, device.dev_eui, device.bay_id, time, occupied
            )
        )
    return messages


def spacing_for(rate: float) -> int:
    """This function returns the spacing at which a message's time is about when it will be sent."""
    return round(SECOND / rate) if rate else DEFAULT_SPACING_NS


@dataclass(frozen=True, slots=True)
class _Template:
    topic: bytes
    body: bytes
    data: tuple[bytes, bytes]

    def fill(self, identity: str, time: str, f_cnt: int, *, occupied: bool) -> bytes:
        body = self.body.replace(_IDENTITY.encode(), identity.encode()).replace(
            _TIME.encode(), time.encode()
        )
        body = body.replace(b'"fCnt":%d' % _F_CNT, b'"fCnt":%d' % f_cnt)
        return body.replace(_DATA.encode(), self.data[occupied])


def _template(device: BurstDevice, rng: random.Random) -> _Template:
    free, occupied = (_frame(device, occupied=state) for state in (False, True))
    uplink = Uplink(
        identify(device.dev_eui, device.bay_id, device.codec_id),
        Session(f"{0x01000000 | rng.getrandbits(24):08x}", ""),
        f_cnt=0,
        frame=free,
        sent_at=EpochNs(SECOND),
        gateway_at=EpochNs(SECOND),
        server_at=EpochNs(SECOND),
        receptions=tuple(
            Reception(gateway, -rng.randint(60, 110), rng.randint(1, 40) / 4)
            for gateway in _GATEWAYS
        ),
        factor=7,
        frequency_hz=rng.choice(CHANNELS_HZ),
        airtime_s=0.05,
    )
    message = SERVER.up(uplink, rng)
    body = orjson.loads(message.payload)
    body |= {"deduplicationId": _IDENTITY, "time": _TIME, "fCnt": _F_CNT, "data": _DATA}
    for reception in body["rxInfo"]:
        reception |= {"gwTime": _TIME, "nsTime": _TIME}
    data = tuple(base64.b64encode(frame.payload) for frame in (free, occupied))
    return _Template(message.topic.encode(), orjson.dumps(body), (data[0], data[1]))


def _frame(device: BurstDevice, *, occupied: bool) -> Frame:
    return BAY_ENCODERS[device.codec_id](BayState(occupied), Occasion.CHANGE)


def _uuid4(bits: int) -> str:
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
