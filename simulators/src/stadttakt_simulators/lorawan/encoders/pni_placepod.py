# SPDX-License-Identifier: EUPL-1.2
"""PNI PlacePod: Cayenne-like channels of id, type and value."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion, clamp

F_PORT = 2
TEMPERATURE, BATTERY, STATUS, KEEP_ALIVE, REBOOT = (
    b"\x02\x67",
    b"\x03\x02",
    b"\x15\x66",
    b"\x37\x66",
    b"\x3f\x01",
)


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes a status, or a keep-alive with battery and temperature; a start-up begins with the reboot channel."""
    occupied = bytes([state.occupied])
    if occasion is Occasion.CHANGE:
        return Frame(F_PORT, STATUS + occupied)
    health = BATTERY + clamp(state.battery_mv / 10, 0, 32767).to_bytes(2, "big")
    health += TEMPERATURE + clamp(state.temperature_c * 10, -32768, 32767).to_bytes(
        2, "big", signed=True
    )
    start = REBOOT + b"\x01" if occasion is Occasion.STARTUP else b""
    return Frame(F_PORT, start + health + KEEP_ALIVE + occupied)
