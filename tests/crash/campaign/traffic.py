# SPDX-License-Identifier: EUPL-1.2
"""What sensors of the town say, made up by seed; every message knows what it means."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import orjson

from crash.campaign.beside import PAST, SHORT, bays_beside, quarters_of
from crash.campaign.line import DIRECTION, LINE, Roster
from crash.campaign.town import (
    BUSES,
    CHIRPSTACK,
    DIRECT_DOOR,
    DIRECT_GATE,
    GATED,
    PERSON_KG,
    TARE_KG,
    Sensor,
    all_sensors,
    bay_sensors,
    door_sensors,
    gate_sensor,
    station_sensors,
)
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_simulators.burst.pool import SERVER
from stadttakt_simulators.clock import EpochNs, to_datetime
from stadttakt_simulators.lorawan.dialects.model import Session, Uplink
from stadttakt_simulators.lorawan.dialects.tts import TheThingsStack
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS, GATE_ENCODERS
from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, GateState, Occasion
from stadttakt_simulators.lorawan.radio import CHANNELS_HZ, Gateway, Place, Reception
from stadttakt_simulators.network import identify
from uplink_decoder.domain.uplink import uplink_id

TTN = TheThingsStack(
    "stadttakt-sim", "demo", "eu1", "eu1.example.org", "000013", "EC656E0000000181"
)
_GATEWAY = Gateway(
    "campaign-1",
    "0200fffec4a50001",
    Place(51.48, 11.97),
    120.0,
    frozenset({"chirpstack", "tts"}),
    gps=True,
)
_KINDS = {"bay": "bay", "lot_gate": "gate", "vehicle": "door", "environment": "station"}
_PORT = 85
BREATH_S, TALK_S = 12.0, 0.4
"""In the first of so many seconds the bays that soon fall silent speak: then their sign falls silent as well."""

COUNTER_BEGINS = 65_480
"""So that the gate's sixteen bits end within a campaign."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message ready to be sent, and what it says: of a bay, a gate, a door, a bus's mass, position or trip, or a station's weather.

    Bays of the lots beside are kinds of their own, `short` and `past`.

    `event_id` is the observation's id at its consumer, `uplink` what it stems from, if anything, by which `source`.
    """

    topic: bytes
    payload: bytes
    identity: str
    event_id: str
    at: datetime
    kind: str
    place: str
    says: tuple[Any, ...]
    uplink: str | None = None
    source: str | None = None


@dataclass(slots=True)
class Traffic:
    """The state of the town's sensors; each call of `make` lets them speak on."""

    root: str
    rng: Random
    frames: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    occupied: dict[str, bool] = field(default_factory=dict)
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)
    aboard: dict[str, int] = field(default_factory=dict)
    quarters: list[datetime] = field(default_factory=list)
    roster: Roster = field(default_factory=Roster)
    spoken_ns: int = 0
    """For how long sensors spoke since `begin`."""

    def begin(self, rng: Random) -> None:
        """Speak on by other chance; the bays that soon fall silent speak first."""
        self.rng, self.spoken_ns = rng, 0

    def first(self, started: EpochNs, spacing_ns: int) -> list[Told]:
        """Let every sensor speak once: all that is needed for a count to begin."""
        at = started
        told = []
        for sensor in all_sensors():
            told.append(self._uplink(sensor, at, moves=False))
            at = EpochNs(at + spacing_ns)
        for bus in BUSES:
            told.append(self._mass(bus, at))
            told.append(self._position(bus, at))
            told.append(self._call(bus, at))
            at = EpochNs(at + spacing_ns)
        told.append(self._direct_gate(at))
        self.quarters = quarters_of(to_datetime(at))
        told += [self._past() for _ in range(5)]
        return told

    def make(self, count: int, started: EpochNs, spacing_ns: int) -> list[Told]:
        """Make messages in the order of their times, which rise by the spacing."""
        speakers, told = self._speakers(), []
        for number in range(count):
            at = EpochNs(started + number * spacing_ns)
            chance = self.rng.random()
            talks = self.spoken_ns / 1e9 % BREATH_S < TALK_S
            self.spoken_ns += spacing_ns
            if talks and chance < 0.2:
                told.append(self._beside(SHORT, at))
            else:
                told.append(next(speak for below, speak in speakers if chance < below)(at))
        return told

    def _speakers(self) -> list[tuple[float, Callable[[EpochNs], Told]]]:
        """Return who speaks, each below which chance."""
        one_of, uplink = self.rng.choice, self._uplink
        bays, doors, gate = bay_sensors(), door_sensors(), gate_sensor()
        stations = station_sensors()
        return [
            (0.02, lambda _: self._past()),
            (0.6, lambda at: uplink(one_of(bays), at)),
            (0.7, lambda at: uplink(gate, at)),
            (0.75, self._direct_gate),
            (0.85, lambda at: uplink(one_of(doors), at)),
            (0.93, lambda at: self._direct_door(one_of(BUSES), at)),
            (0.95, lambda at: uplink(one_of(stations), at)),
            (0.97, lambda at: self._position(one_of(BUSES), at)),
            (0.99, self._next_call),
            (1.0, lambda at: self._mass(one_of(BUSES), at)),
        ]

    def _uplink(self, sensor: Sensor, at: EpochNs, *, moves: bool = True) -> Told:
        at = EpochNs(at - at % 1000)
        frame, says = self._frame(sensor, moves=moves)
        f_cnt = self.frames[sensor.dev_eui] = self.frames.get(sensor.dev_eui, -1) + 1
        heard = (Reception(_GATEWAY, -self.rng.randint(60, 110), self.rng.randint(1, 40) / 4),)
        uplink = Uplink(
            identify(sensor.dev_eui, sensor.dev_eui, sensor.codec_id),
            self._session(sensor.dev_eui),
            f_cnt,
            frame,
            sent_at=at,
            gateway_at=at,
            server_at=at,
            receptions=heard,
            factor=7,
            frequency_hz=self.rng.choice(CHANNELS_HZ),
            airtime_s=0.05,
        )
        server = SERVER if sensor.source == CHIRPSTACK else TTN
        message = server.up(uplink, self.rng)
        key = str(uplink_id(sensor.source, sensor.dev_eui, message.identity))
        return Told(
            f"{self.root}/{message.topic}".encode(),
            message.payload,
            message.identity,
            f"{key}:0",
            to_datetime(at),
            _KINDS[sensor.kind],
            sensor.place,
            says,
            key,
            sensor.source,
        )

    def _frame(self, sensor: Sensor, *, moves: bool) -> tuple[Frame, tuple[Any, ...]]:
        if sensor.kind == "bay":
            occupied = self.occupied[sensor.place] = self.rng.random() < 0.5
            return BAY_ENCODERS[sensor.codec_id](BayState(occupied), Occasion.CHANGE), (occupied,)
        if sensor.kind == "environment":
            return self._weather()
        begins = COUNTER_BEGINS if sensor.kind == "lot_gate" else 0
        inwards, outwards = self.totals.get(sensor.place, (begins, begins))
        if moves:
            came, went = self._passed(sensor)
            inwards, outwards = inwards + came, outwards + went
        self.totals[sensor.place] = (inwards, outwards)
        frame = GATE_ENCODERS[sensor.codec_id](GateState(inwards, outwards), Occasion.CHANGE)
        return frame, ("cumulative", inwards, outwards)

    def _weather(self) -> tuple[Frame, tuple[Any, ...]]:
        tenths, halves = self.rng.randint(-100, 350), self.rng.randint(40, 180)
        # the device's channels: temperature in 0.1 °C, humidity in 0.5 %
        payload = b"\x03\x67" + tenths.to_bytes(2, "little", signed=True) + b"\x04\x68"
        return Frame(_PORT, payload + bytes([halves])), (tenths / 10, halves / 2)

    def _passed(self, sensor: Sensor) -> tuple[int, int]:
        if sensor.kind == "vehicle":
            return self._people(sensor.place)
        return self.rng.randrange(3), self.rng.randrange(3)

    def _people(self, bus: str) -> tuple[int, int]:
        aboard = self.aboard.get(bus, 0)
        went = self.rng.randint(0, min(aboard, 3))
        came = self.rng.randint(0, 3) if aboard < 80 else 0
        self.aboard[bus] = aboard + came - went
        return came, went

    def _past(self) -> Told:
        at = self.rng.choice(self.quarters)
        return self._beside(PAST, EpochNs(int(at.timestamp()) * 10**9))

    def _beside(self, lot_id: str, at: EpochNs) -> Told:
        bay_id = self.rng.choice([bay for bay, lot in bays_beside() if lot == lot_id])
        occupied = self.rng.random() < 0.5
        data = {"occupied": occupied, "quality": "good"}
        kind = "past" if lot_id == PAST else "short"
        return self._event("bay-occupancy", kind, f"bay/{bay_id}", at, data, (occupied,))

    def _direct_gate(self, at: EpochNs) -> Told:
        came, went = self.rng.randrange(3), self.rng.randrange(3)
        data = {"mode": "delta", "in": came, "out": went, "inside": None}
        subject = f"lot/{GATED}/gate/{DIRECT_GATE}"
        return self._event("vehicle-count", "gate", subject, at, data, ("delta", came, went))

    def _direct_door(self, bus: str, at: EpochNs) -> Told:
        came, went = self._people(bus)
        counts = [{"class": "adult", "in": came, "out": went}]
        data = {"mode": "delta", "counts": counts, "quality": "regular"}
        subject = f"vehicle/{bus}/door/{DIRECT_DOOR}"
        return self._event("passenger-count", "door", subject, at, data, ("delta", came, went))

    def _mass(self, bus: str, at: EpochNs) -> Told:
        mass_kg = TARE_KG + PERSON_KG * self.aboard.get(bus, 0)
        data = {"mass_kg": mass_kg}
        return self._event("axle-load", "mass", f"vehicle/{bus}", at, data, (mass_kg,))

    def _next_call(self, at: EpochNs) -> Told:
        bus = self.roster.idle(BUSES, to_datetime(at))
        return self._mass(self.rng.choice(BUSES), at) if bus is None else self._call(bus, at)

    def _call(self, bus: str, at: EpochNs) -> Told:
        call = self.roster.next(bus, to_datetime(at))
        trip = {"trip_id": call.trip_id, "start_date": call.start_date, "stop_id": call.stop_id}
        data = {"line": LINE, "direction": DIRECTION, **trip}
        return self._event("trip-assignment", "trip", f"vehicle/{bus}", at, data, (call,))

    def _position(self, bus: str, at: EpochNs) -> Told:
        lat, lon = round(self.rng.uniform(51.4, 51.6), 5), round(self.rng.uniform(11.85, 12.1), 5)
        where = {"lat": lat, "lon": lon}
        return self._event("vehicle-position", "position", f"vehicle/{bus}", at, where, (lat, lon))

    def _event(
        self,
        name: str,
        kind: str,
        subject: str,
        at: EpochNs,
        data: dict[str, Any],
        says: tuple[Any, ...],
    ) -> Told:
        # Of `lot/zentrum/gate/nord` the names: `zentrum/nord`.
        place = "/".join(subject.split("/")[1::2])
        event_id = f"direct-{uuid.UUID(int=self.rng.getrandbits(128))}"
        when = to_datetime(EpochNs(at - at % 1000))
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": "/campaign",
            "type": event_type(name),
            "subject": subject,
            "time": when,
            "datacontenttype": "application/json",
            "dataschema": schema_urn(name),
            "data": data,
        }
        way = "input" if kind in {"position", "trip"} else "observation"
        topic = f"{self.root}/{way}/{name}/{place}".encode()
        return Told(topic, orjson.dumps(event), event_id, event_id, when, kind, place, says)

    def _session(self, dev_eui: str) -> Session:
        if dev_eui not in self.sessions:
            key = base64.b64encode(self.rng.randbytes(16)).decode()
            self.sessions[dev_eui] = Session(f"{self.rng.getrandbits(24) | 0x1000000:08x}", key)
        return self.sessions[dev_eui]
