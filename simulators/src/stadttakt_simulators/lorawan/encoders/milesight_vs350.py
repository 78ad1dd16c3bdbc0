# SPDX-License-Identifier: EUPL-1.2
"""Milesight VS350 passage counter: battery and temperature at start-up, then totals and period."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import Frame, GateState, Occasion, clamp

F_PORT = 85


def encode(state: GateState, occasion: Occasion) -> Frame:
    """Encodes the counters, at heartbeat and start-up with the device's health; totals run modulo 65536."""
    counts = b"\x04\xcc" + _u16(state.total_in) + _u16(state.total_out)
    if occasion is Occasion.CHANGE:
        return Frame(F_PORT, counts + b"\x05\xcc" + _u16(state.period_in) + _u16(state.period_out))
    battery = b"\x01\x75" + bytes([clamp(state.battery_percent, 0, 100)])
    temperature = b"\x03\x67" + clamp(state.temperature_c * 10, -32768, 32767).to_bytes(
        2, "little", signed=True
    )
    return Frame(F_PORT, battery + temperature + counts)


def _u16(value: int) -> bytes:
    return (value & 0xFFFF).to_bytes(2, "little")
