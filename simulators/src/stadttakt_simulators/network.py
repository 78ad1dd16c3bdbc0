# SPDX-License-Identifier: EUPL-1.2
"""The radio network: sessions, frame counters, duty cycle, and which gateways hear whom. No I/O, no demand."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass

from stadttakt_simulators.clock import EpochNs, later
from stadttakt_simulators.lorawan.dialects.chirpstack import ChirpStack
from stadttakt_simulators.lorawan.dialects.model import DeviceIdentity, Message, Session, Uplink
from stadttakt_simulators.lorawan.dialects.tts import TheThingsStack
from stadttakt_simulators.lorawan.encoders.model import Frame
from stadttakt_simulators.lorawan.radio import (
    CHANNELS_HZ,
    Gateway,
    Place,
    airtime_s,
    receptions,
    silence_after_s,
    spreading_factor,
)
from stadttakt_simulators.sensors import Watch

# A server waits this long for further gateways before it hands an uplink on.
DEDUPLICATION_S = 0.2
BEFORE_JOIN = EpochNs((1 << 63) - 1)
JOIN_EUI = "0200000000000001"


def identify(dev_eui: str, name: str, profile: str) -> DeviceIdentity:
    """This function names a device as operators do who let the server choose: by its EUI."""
    return DeviceIdentity(dev_eui, f"eui-{dev_eui}", name, JOIN_EUI, profile)


@dataclass(slots=True)
class Node:
    """A device on the air: its session, its counters and until when the duty cycle keeps it quiet."""

    identity: DeviceIdentity
    network: str
    place: Place
    factor: int
    watch: Watch | None
    interval_s: float
    session: Session
    f_cnt: int = 0
    sequence: int = 0
    quiet_until: EpochNs = BEFORE_JOIN
    silent: bool = False


@dataclass(frozen=True, slots=True)
class ClockShift:
    """By how much the clocks that stamp an uplink are wrong."""

    gateway_s: float = 0.0
    server_s: float = 0.0


EXACT = ClockShift()


@dataclass(frozen=True, slots=True)
class Transmission:
    """One uplink on the air; without a message no gateway heard it."""

    f_cnt: int
    message: Message | None
    server_at: EpochNs


class Network:
    """Both network servers and the gateways before them."""

    def __init__(
        self,
        chirpstack: ChirpStack,
        tts: TheThingsStack,
        *,
        gateways: Sequence[Gateway],
        shadowing_db: float,
        rng: random.Random,
    ) -> None:
        self.chirpstack, self.tts = chirpstack, tts
        self._gateways = {
            network: [gateway for gateway in gateways if network in gateway.networks]
            for network in ("chirpstack", "tts")
        }
        self._shadowing_db = shadowing_db
        self._rng = rng

    def node(
        self,
        identity: DeviceIdentity,
        network: str,
        *,
        place: Place,
        watch: Watch | None,
        interval_s: float,
    ) -> Node:
        """This function registers a device; it has yet to join."""
        factor = spreading_factor(place, self._gateways[network])
        return Node(identity, network, place, factor, watch, interval_s, self._session(network))

    def join(self, node: Node, at: EpochNs) -> Message:
        """This function gives the node a new session with counters at zero and returns the server's message."""
        node.session, node.f_cnt = self._session(node.network), 0
        node.quiet_until = at
        server = self.chirpstack if node.network == "chirpstack" else self.tts
        return server.join(node.identity, node.session, at, self._rng)

    def transmit(
        self, node: Node, frame: Frame, at: EpochNs, *, clocks: ClockShift = EXACT
    ) -> Transmission:
        """This function sends a frame; the counter advances whether or not somebody hears it."""
        f_cnt = node.f_cnt
        node.f_cnt += 1
        node.sequence += 1
        on_air_s = airtime_s(node.factor, len(frame.payload))
        node.quiet_until = later(at, silence_after_s(on_air_s))
        server_at = later(at, on_air_s + DEDUPLICATION_S + self._rng.uniform(0.01, 0.05))
        heard = receptions(
            node.place,
            self._gateways[node.network],
            factor=node.factor,
            shadowing_db=self._shadowing_db,
            rng=self._rng,
        )
        if not heard:
            return Transmission(f_cnt, None, server_at)
        uplink = Uplink(
            node.identity,
            node.session,
            f_cnt,
            frame,
            sent_at=later(at, clocks.server_s),
            gateway_at=later(at, clocks.gateway_s),
            server_at=later(server_at, clocks.server_s),
            receptions=tuple(heard),
            factor=node.factor,
            frequency_hz=self._rng.choice(CHANNELS_HZ),
            airtime_s=on_air_s,
        )
        server = self.chirpstack if node.network == "chirpstack" else self.tts
        return Transmission(f_cnt, server.up(uplink, self._rng), server_at)

    def _session(self, network: str) -> Session:
        # 26… is The Things Network's address block, 01… belongs to private networks.
        block = 0x01 if network == "chirpstack" else 0x26
        dev_addr = f"{block << 24 | self._rng.getrandbits(24):08x}"
        return Session(dev_addr, base64.b64encode(self._rng.randbytes(16)).decode())
