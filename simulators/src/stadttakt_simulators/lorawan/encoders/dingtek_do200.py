# SPDX-License-Identifier: EUPL-1.2
"""Dingtek DO200: twenty-one framed bytes on port 3, magnetometer and alarms."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion, clamp

F_PORT = 3
HEAD, TAIL = bytes.fromhex("8000020115"), b"\x81"
PARKED = 0x10
BATTERY_ALARM, BATTERY_ALARM_BELOW_MV = 0x01, 3000
LEVEL_MM = {True: 140, False: 2600}


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes a telemetry report; the format has one for every occasion."""
    del occasion
    level = LEVEL_MM[state.occupied].to_bytes(2, "big")
    alarms = bytes(
        [
            PARKED if state.occupied else 0,
            BATTERY_ALARM if state.battery_mv < BATTERY_ALARM_BELOW_MV else 0,
        ]
    )
    voltage = clamp(state.battery_mv / 10, 0, 65535).to_bytes(2, "big")
    axes = b"".join(
        clamp(axis, -32768, 32767).to_bytes(2, "big", signed=True) for axis in state.field
    )
    counter = (state.sequence & 0xFFFF).to_bytes(2, "big")
    return Frame(F_PORT, HEAD + level + alarms + voltage + axes + counter + bytes(1) + TAIL)
