# SPDX-License-Identifier: EUPL-1.2
"""What each simulated sensor measures, told in the state that its encoder takes."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import datetime

from stadttakt_simulators.clock import SECOND, EpochNs
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS, GATE_ENCODERS, PRESENCE_ENCODERS
from stadttakt_simulators.lorawan.encoders.model import (
    BayState,
    Frame,
    GateState,
    Occasion,
    PresenceState,
)

# Share of the peak load of a vehicle by hour of the day: two peaks, as on any city's tram.
VEHICLE_LOAD = (
    3,
    2,
    1,
    1,
    4,
    18,
    55,
    95,
    80,
    50,
    42,
    44,
    50,
    58,
    68,
    85,
    100,
    90,
    64,
    44,
    32,
    24,
    16,
    8,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sensor feels beside what it watches; `local` is the simulated local time."""

    now: EpochNs
    local: datetime
    temperature_c: float


def surroundings(now: EpochNs, local: datetime) -> Surroundings:
    """This function makes up a temperature: a daily wave around a yearly one."""
    year = -math.cos((local.timetuple().tm_yday - 20) / 365 * math.tau)
    day = -math.cos((local.hour + local.minute / 60 - 4) / 24 * math.tau)
    return Surroundings(now, local, 10 + 9 * year + 4 * day)


@dataclass(slots=True)
class BayWatch:
    """A bay sensor: it feels the car above it."""

    codec_id: str
    bay_id: str
    bay_number: int
    battery_mv: int
    since: EpochNs
    occupied: bool = False
    previous_duration_s: int = 0

    def turn(self, *, occupied: bool, at: EpochNs) -> None:
        """This function takes the change of the bay's state; durations are real seconds, not simulated ones."""
        self.previous_duration_s = max(0, (at - self.since) // SECOND)
        self.occupied, self.since = occupied, at

    def frame(self, occasion: Occasion, around: Surroundings, sequence: int) -> Frame:
        """This function encodes the bay's state."""
        state = BayState(
            occupied=self.occupied,
            previous_duration_s=self.previous_duration_s,
            battery_mv=self.battery_mv,
            temperature_c=around.temperature_c,
            sequence=sequence,
            bay_number=self.bay_number,
            field=(121, -80, 640) if self.occupied else (18, -12, 410),
        )
        return BAY_ENCODERS[self.codec_id](state, occasion)


@dataclass(slots=True)
class GateWatch:
    """A counter at a gate of a lot: what went in and out since it was installed or reset.

    An inverted one calls in what goes out.
    """

    codec_id: str
    lot_id: str
    gate: str
    inverted: bool = False
    total_in: int = 0
    total_out: int = 0
    reported: tuple[int, int] = (0, 0)

    def count(self, *, inwards: bool, times: int = 1) -> None:
        """This function counts one car: once, or as often as the counter errs."""
        if inwards is not self.inverted:
            self.total_in += times
        else:
            self.total_out += times

    def reset(self) -> None:
        """This function begins anew, as a counter does that lost its power."""
        self.total_in = self.total_out = 0
        self.reported = (0, 0)

    def frame(self, occasion: Occasion, around: Surroundings, sequence: int) -> Frame:
        """This function encodes totals and what was counted since the call before."""
        del sequence
        state = GateState(
            total_in=self.total_in,
            total_out=self.total_out,
            period_in=self.total_in - self.reported[0],
            period_out=self.total_out - self.reported[1],
            temperature_c=around.temperature_c,
        )
        self.reported = (self.total_in, self.total_out)
        return GATE_ENCODERS[self.codec_id](state, occasion)


@dataclass(slots=True)
class PresenceWatch:
    """A paxcounter in a vehicle: how many radios are about, by time of day with noise."""

    codec_id: str
    peak_devices: int
    started: EpochNs
    rng: random.Random
    last: tuple[int, int] = field(default=(0, 0))

    def frame(self, occasion: Occasion, around: Surroundings, sequence: int) -> Frame:
        """This function draws and encodes the counts of this moment."""
        del sequence
        share = VEHICLE_LOAD[around.local.hour] / 100
        mean = self.peak_devices * share
        wifi = max(0, round(self.rng.gauss(mean, math.sqrt(mean + 1))))
        ble = max(0, round(self.rng.gauss(mean * 0.4, math.sqrt(mean * 0.4 + 1))))
        self.last = (wifi, ble)
        uptime_s = max(0, (around.now - self.started) // SECOND)
        return PRESENCE_ENCODERS[self.codec_id](
            PresenceState(wifi, ble, uptime_s=uptime_s), occasion
        )


Watch = BayWatch | GateWatch | PresenceWatch


def carries_state(watch: Watch, occasion: Occasion) -> bool:
    """This function tells whether a bay's state is in the frame: two makers' start-up reports have none."""
    stateless = ("netvox-r719a", "libelium-smart-parking")
    return isinstance(watch, BayWatch) and not (
        occasion is Occasion.STARTUP and watch.codec_id in stateless
    )
