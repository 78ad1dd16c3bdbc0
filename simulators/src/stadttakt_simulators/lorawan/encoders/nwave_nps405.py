# SPDX-License-Identifier: EUPL-1.2
"""Nwave NPS405: status with the compressed duration of the state before it."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion, clamp

FIRMWARE = (2, 4, 9)
RESET_POWER_ON = 2
HEARTBEAT_TAIL = bytes.fromhex("00590b")


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes a status (port 1, or 10 with a user's tag), heartbeat (port 2) or start-up report (port 3)."""
    if occasion is Occasion.STARTUP:
        return Frame(3, bytes([*FIRMWARE, RESET_POWER_ON, state.occupied]))
    if occasion is Occasion.HEARTBEAT:
        voltage = clamp((state.battery_mv - 2500) / 4, 0, 255)
        temperature = clamp((state.temperature_c - 10) * 2, -128, 127).to_bytes(
            1, "little", signed=True
        )
        return Frame(2, bytes([state.occupied, voltage]) + temperature + HEARTBEAT_TAIL)
    status = bytes([compress_duration(state.previous_duration_s // 60) << 1 | state.occupied])
    if state.tag is not None:
        return Frame(10, status + state.tag.to_bytes(4, "big"))
    return Frame(1, status)


def compress_duration(minutes: int) -> int:
    """Packs a duration into seven bits: exact below 90 min, then steps of 5 and 60 min, 127 from 660 min on."""
    if minutes < 90:
        return minutes
    if minutes < 240:
        return 90 + (minutes - 90) // 5
    if minutes < 660:
        return 120 + (minutes - 240) // 60
    return 127
