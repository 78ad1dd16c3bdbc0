# SPDX-License-Identifier: EUPL-1.2
"""ESP32-Paxcounter with the packed (little-endian) payload format."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import Frame, Occasion, PresenceState, clamp

FREE_MEMORY = 216_000


def encode(state: PresenceState, occasion: Occasion) -> Frame:
    """Encodes counts (port 1), or the device status (port 2) at start-up."""
    if occasion is Occasion.STARTUP:
        return Frame(2, _status(state))
    counts = _u16(state.wifi)
    return Frame(1, counts if state.ble is None else counts + _u16(state.ble))


def _status(state: PresenceState) -> bytes:
    reset_cause, restarts = 0, 0
    return b"".join(
        (
            _u16(state.battery_mv),
            state.uptime_s.to_bytes(8, "little"),
            bytes([clamp(state.cpu_temperature_c, 0, 255)]),
            FREE_MEMORY.to_bytes(4, "little"),
            bytes([reset_cause]),
            restarts.to_bytes(4, "little"),
        )
    )


def _u16(value: int) -> bytes:
    return clamp(value, 0, 65535).to_bytes(2, "little")
