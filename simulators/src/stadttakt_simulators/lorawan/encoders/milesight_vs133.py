# SPDX-License-Identifier: EUPL-1.2
"""Milesight VS133 people counter: channels of one line, totals and period."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import Frame, GateState, Occasion

F_PORT = 85


def encode(state: GateState, occasion: Occasion) -> Frame:
    """Encodes the totals of line 1, between start-ups also the counts since the report before."""
    totals = b"\x03\xd2" + _u32(state.total_in) + b"\x04\xd2" + _u32(state.total_out)
    if occasion is Occasion.STARTUP:
        return Frame(F_PORT, totals)
    return Frame(F_PORT, totals + b"\x05\xcc" + _u16(state.period_in) + _u16(state.period_out))


def _u32(value: int) -> bytes:
    return (value & 0xFFFF_FFFF).to_bytes(4, "little")


def _u16(value: int) -> bytes:
    return min(value, 0xFFFF).to_bytes(2, "little")
