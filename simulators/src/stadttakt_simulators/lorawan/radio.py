# SPDX-License-Identifier: EUPL-1.2
"""Pure radio model: who hears a device, how well, on which spreading factor and for how long."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

TX_POWER_DBM = 16.0
NOISE_FLOOR_DBM = -117.0
# Log-distance model for a city: loss at 1 km and decay exponent 3.5.
LOSS_AT_1_KM_DB, DECADE_LOSS_DB = 122.0, 35.0
MAX_SNR_DB = 13.5
REQUIRED_SNR_DB = {7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
ADR_MARGIN_DB = 10.0
DUTY_CYCLE = 0.01
CHANNELS_HZ = (
    868_100_000,
    868_300_000,
    868_500_000,
    867_100_000,
    867_300_000,
    867_500_000,
    867_700_000,
    867_900_000,
)
LORAWAN_OVERHEAD = 13


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the ground (WGS 84)."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway of one or both networks; without GPS it does not stamp uplinks with its own time."""

    gateway_id: str
    eui: str
    place: Place
    altitude_m: float
    networks: frozenset[str]
    gps: bool


@dataclass(frozen=True, slots=True)
class Reception:
    """How one gateway heard one transmission."""

    gateway: Gateway
    rssi_dbm: int
    snr_db: float


def distance_m(a: Place, b: Place) -> float:
    """This function returns the distance on a locally flat earth, good to 0.1 % within a city."""
    north = (a.lat - b.lat) * 111_320
    east = (a.lon - b.lon) * 111_320 * math.cos(math.radians(a.lat))
    return math.hypot(north, east)


def mean_rssi_dbm(place: Place, gateway: Gateway) -> float:
    """This function returns the expected signal strength, from 20 m distance on."""
    distance_km = max(distance_m(place, gateway.place), 20.0) / 1000
    return TX_POWER_DBM - LOSS_AT_1_KM_DB - DECADE_LOSS_DB * math.log10(distance_km)


def spreading_factor(place: Place, gateways: Sequence[Gateway]) -> int:
    """This function returns what adaptive data rate settles on: the fastest with margin at the best gateway."""
    best_db = (
        max((mean_rssi_dbm(place, gateway) for gateway in gateways), default=-200.0)
        - NOISE_FLOOR_DBM
    )
    for factor, required_db in REQUIRED_SNR_DB.items():
        if best_db >= required_db + ADR_MARGIN_DB:
            return factor
    return 12


def receptions(
    place: Place,
    gateways: Sequence[Gateway],
    *,
    factor: int,
    shadowing_db: float,
    rng: random.Random,
) -> list[Reception]:
    """This function returns the gateways that hear one transmission, best first; none is a radio loss."""
    heard = []
    for gateway in gateways:
        rssi = mean_rssi_dbm(place, gateway) + rng.gauss(0, shadowing_db)
        snr = min(rssi - NOISE_FLOOR_DBM, MAX_SNR_DB + rng.uniform(-3, 0))
        if snr >= REQUIRED_SNR_DB[factor]:
            heard.append(Reception(gateway, round(rssi), round(snr * 4) / 4))
    return sorted(heard, key=lambda reception: -reception.snr_db)


def airtime_s(factor: int, payload_bytes: int) -> float:
    """This function returns the time on air at 125 kHz, coding rate 4/5 (Semtech SX1276 data sheet, 4.1.1.7)."""
    symbol_s = float(1 << factor) / 125_000
    low_rate = 1 if factor >= 11 else 0
    bits = 8 * (payload_bytes + LORAWAN_OVERHEAD) - 4 * factor + 28 + 16
    payload_symbols = 8 + max(math.ceil(bits / (4 * (factor - 2 * low_rate))) * 5, 0)
    return (8 + 4.25 + payload_symbols) * symbol_s


def silence_after_s(airtime: float) -> float:
    """This function returns how long the 1 % duty cycle of the band keeps a device quiet (EN 300 220)."""
    return airtime / DUTY_CYCLE - airtime
