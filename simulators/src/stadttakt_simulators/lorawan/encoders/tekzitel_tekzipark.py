# SPDX-License-Identifier: EUPL-1.2
"""Tekzitel TEKZIPARK: three bytes of flags, temperature and bay number."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion, clamp

OCCUPIED, GOOD_BATTERY, RADAR, RESET, KEEP_ALIVE = 0x80, 0x20, 0x08, 0x02, 0x01
GOOD_BATTERY_FROM_MV = 3000
_FLAGS = {Occasion.CHANGE: 0, Occasion.HEARTBEAT: KEEP_ALIVE, Occasion.STARTUP: RESET}


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes a report on port 1; the bay number runs modulo 256."""
    flags = RADAR | _FLAGS[occasion]
    if state.occupied:
        flags |= OCCUPIED
    if state.battery_mv >= GOOD_BATTERY_FROM_MV:
        flags |= GOOD_BATTERY
    temperature = clamp(state.temperature_c, -128, 127).to_bytes(1, "little", signed=True)
    return Frame(1, bytes([flags]) + temperature + bytes([state.bay_number & 0xFF]))
