# SPDX-License-Identifier: EUPL-1.2
"""Bosch TPS110 parking lot sensor: one byte on a change, two in a heartbeat, seventeen at start-up."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion, clamp

FIRMWARE = (0, 29, 2)
DEBUG_CODES = (804, 885, 0)
RESET_POWER_ON = 2


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes a parking status (port 1), heartbeat (port 2) or start-up report (port 3)."""
    occupied = bytes([state.occupied])
    if occasion is Occasion.CHANGE:
        return Frame(1, occupied)
    if occasion is Occasion.HEARTBEAT:
        return Frame(
            2, occupied + clamp(state.temperature_c, -128, 127).to_bytes(1, "little", signed=True)
        )
    debug = b"".join(code.to_bytes(4, "little") for code in DEBUG_CODES)
    return Frame(3, debug + bytes([*FIRMWARE, RESET_POWER_ON]) + occupied)
