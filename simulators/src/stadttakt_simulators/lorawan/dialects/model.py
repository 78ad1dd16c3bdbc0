# SPDX-License-Identifier: EUPL-1.2
"""What a network server knows about a transmission, in no server's words."""

from __future__ import annotations

from dataclasses import dataclass

from stadttakt_simulators.clock import EpochNs
from stadttakt_simulators.lorawan.encoders.model import Frame
from stadttakt_simulators.lorawan.radio import Reception


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who a device is to its network server; EUIs are lower-case hex here."""

    dev_eui: str
    device_id: str
    name: str
    join_eui: str
    profile: str


@dataclass(frozen=True, slots=True)
class Session:
    """What a join gave to a device."""

    dev_addr: str
    session_key_id: str


@dataclass(frozen=True, slots=True)
class Uplink:
    """One transmission as the gateways heard it.

    `sent_at` is when it was on the air, `gateway_at` the same by the gateways' GPS clocks, and
    `server_at` when the server had collected it from all gateways.
    """

    device: DeviceIdentity
    session: Session
    f_cnt: int
    frame: Frame
    sent_at: EpochNs
    gateway_at: EpochNs
    server_at: EpochNs
    receptions: tuple[Reception, ...]
    factor: int
    frequency_hz: int
    airtime_s: float


@dataclass(frozen=True, slots=True)
class Message:
    """One broker message; `identity` is what makes its uplink the same when it comes twice."""

    topic: str
    payload: bytes
    dev_eui: str
    event: str
    identity: str
