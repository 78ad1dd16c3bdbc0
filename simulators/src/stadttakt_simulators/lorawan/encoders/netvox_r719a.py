# SPDX-License-Identifier: EUPL-1.2
"""Netvox R719A: eleven bytes on port 6, status reports or the version report at start-up."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion, clamp

F_PORT = 6
HEAD = b"\x01\x59"
VERSION_REPORT = HEAD + bytes.fromhex("00640b202004240000")
STATUS_TYPE = 1
LOW_BATTERY, LOW_BATTERY_BELOW_MV = 0x80, 3000


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes a status report; at start-up the version report, which says nothing about the bay."""
    if occasion is Occasion.STARTUP:
        return Frame(F_PORT, VERSION_REPORT)
    battery = clamp(state.battery_mv / 100, 0, 127)
    if state.battery_mv < LOW_BATTERY_BELOW_MV:
        battery |= LOW_BATTERY
    return Frame(F_PORT, HEAD + bytes([STATUS_TYPE, battery, state.occupied]) + bytes(6))
