# SPDX-License-Identifier: EUPL-1.2
"""What sensors of the town say, made up by seed; every message knows what it means."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import orjson

from crash.campaign.beside import PAST, SHORT, bays_beside, quarters_of
from crash.campaign.town import (
    BUSES,
    CHIRPSTACK,
    DIRECT_DOOR,
    DIRECT_GATE,
    GATED,
    PERSON_KG,
    TARE_KG,
    Sensor,
    bay_sensors,
    door_sensors,
    gate_sensor,
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
BREATH, TALK = 400, 60
"""Of so many messages in a row, among the first so many the bays that soon fall silent speak."""

COUNTER_BEGINS = 65_480
"""So that the gate's sixteen bits end within a campaign."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message ready to be sent, and what it says: of a bay, a gate, a door, or a bus's mass.

    Bays of the lots beside are kinds of their own, `short` and `past`.

    `event_id` is the observation's id at its consumer, `uplink` what it stems from, if anything.
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

    def first(self, started: EpochNs, spacing_ns: int) -> list[Told]:
        """Let every sensor speak once: all that is needed for a count to begin."""
        sensors = [*bay_sensors(), gate_sensor(), *door_sensors()]
        at = started
        told = []
        for sensor in sensors:
            told.append(self._uplink(sensor, at, moves=False))
            at = EpochNs(at + spacing_ns)
        for bus in BUSES:
            told.append(self._mass(bus, at))
            at = EpochNs(at + spacing_ns)
        told.append(self._direct_gate(at))
        self.quarters = quarters_of(to_datetime(at))
        told += [self._past() for _ in range(5)]
        return told

    def make(self, count: int, started: EpochNs, spacing_ns: int) -> list[Told]:
        """Make messages in the order of their times, which rise by the spacing."""
        bays, doors, gate = bay_sensors(), door_sensors(), gate_sensor()
        rng, told = self.rng, []
        for number in range(count):
            at = EpochNs(started + number * spacing_ns)
            chance = rng.random()
            if number % BREATH < TALK and chance < 0.2:
                told.append(self._beside(SHORT, at))
            elif chance < 0.02:
                told.append(self._past())
            elif chance < 0.6:
                told.append(self._uplink(rng.choice(bays), at))
            elif chance < 0.7:
                told.append(self._uplink(gate, at))
            elif chance < 0.75:
                told.append(self._direct_gate(at))
            elif chance < 0.85:
                told.append(self._uplink(rng.choice(doors), at))
            elif chance < 0.95:
                told.append(self._direct_door(rng.choice(BUSES), at))
            else:
                told.append(self._mass(rng.choice(BUSES), at))
        return told

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
            {"bay": "bay", "lot_gate": "gate", "vehicle": "door"}[sensor.kind],
            sensor.place,
            says,
            key,
        )

    def _frame(self, sensor: Sensor, *, moves: bool) -> tuple[Frame, tuple[Any, ...]]:
        if sensor.kind == "bay":
            occupied = self.occupied[sensor.place] = self.rng.random() < 0.5
            return BAY_ENCODERS[sensor.codec_id](BayState(occupied), Occasion.CHANGE), (occupied,)
        begins = COUNTER_BEGINS if sensor.kind == "lot_gate" else 0
        inwards, outwards = self.totals.get(sensor.place, (begins, begins))
        if moves:
            came, went = self._passed(sensor)
            inwards, outwards = inwards + came, outwards + went
        self.totals[sensor.place] = (inwards, outwards)
        frame = GATE_ENCODERS[sensor.codec_id](GateState(inwards, outwards), Occasion.CHANGE)
        return frame, ("cumulative", inwards, outwards)

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
        subject = f"bay/{bay_id}"
        return self._event("bay-occupancy", bay_id, subject, at, data, kind, (occupied,))

    def _direct_gate(self, at: EpochNs) -> Told:
        came, went = self.rng.randrange(3), self.rng.randrange(3)
        data = {"mode": "delta", "in": came, "out": went, "inside": None}
        return self._event(
            "vehicle-count",
            f"{GATED}/{DIRECT_GATE}",
            f"lot/{GATED}/gate/{DIRECT_GATE}",
            at,
            data,
            "gate",
            ("delta", came, went),
        )

    def _direct_door(self, bus: str, at: EpochNs) -> Told:
        came, went = self._people(bus)
        counts = [{"class": "adult", "in": came, "out": went}]
        data = {"mode": "delta", "counts": counts, "quality": "regular"}
        return self._event(
            "passenger-count",
            f"{bus}/{DIRECT_DOOR}",
            f"vehicle/{bus}/door/{DIRECT_DOOR}",
            at,
            data,
            "door",
            ("delta", came, went),
        )

    def _mass(self, bus: str, at: EpochNs) -> Told:
        mass_kg = TARE_KG + PERSON_KG * self.aboard.get(bus, 0)
        return self._event(
            "axle-load", bus, f"vehicle/{bus}", at, {"mass_kg": mass_kg}, "mass", (mass_kg,)
        )

    def _event(  # noqa: PLR0917  # what an event is made of
        self,
        name: str,
        place: str,
        subject: str,
        at: EpochNs,
        data: dict[str, Any],
        kind: str,
        says: tuple[Any, ...],
    ) -> Told:
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
        topic = f"{self.root}/observation/{name}/{place}".encode()
        return Told(topic, orjson.dumps(event), event_id, event_id, when, kind, place, says)

    def _session(self, dev_eui: str) -> Session:
        if dev_eui not in self.sessions:
            key = base64.b64encode(self.rng.randbytes(16)).decode()
            self.sessions[dev_eui] = Session(f"{self.rng.getrandbits(24) | 0x1000000:08x}", key)
        return self.sessions[dev_eui]
