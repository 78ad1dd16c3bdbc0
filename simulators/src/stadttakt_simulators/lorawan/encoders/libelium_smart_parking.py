# SPDX-License-Identifier: EUPL-1.2
"""Libelium Smart Parking v2/v3: eleven bytes, the frame type in the low nibble of the first."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion, clamp

F_PORT = 3
OCCUPIED, BATTERY_LOW = 0x80, 0x40
BATTERY_LOW_BELOW_MV = 3000
FRAME_TYPES = {Occasion.CHANGE: 0, Occasion.HEARTBEAT: 1, Occasion.STARTUP: 4}
FIRMWARE = 30


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes an info, keep-alive or start frame; the sequence runs modulo 256."""
    flags = FRAME_TYPES[occasion] | (OCCUPIED if state.occupied else 0)
    if state.battery_mv < BATTERY_LOW_BELOW_MV:
        flags |= BATTERY_LOW
    head = bytes([flags, state.sequence & 0xFF])
    axes = b"".join(
        clamp(axis, -32768, 32767).to_bytes(2, "big", signed=True) for axis in state.field
    )
    if occasion is Occasion.STARTUP:
        return Frame(F_PORT, head + bytes([FIRMWARE]) + axes + bytes(2))
    sensor_error = 0
    temperature = clamp(state.temperature_c, -128, 127).to_bytes(1, "little", signed=True)
    return Frame(F_PORT, head + bytes([sensor_error]) + temperature + axes + bytes(1))
