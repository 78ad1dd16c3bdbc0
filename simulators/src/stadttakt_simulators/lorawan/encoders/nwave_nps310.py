# SPDX-License-Identifier: EUPL-1.2
"""Nwave NPS310: one byte for status and heartbeat, five at start-up."""

from __future__ import annotations

from stadttakt_simulators.lorawan.encoders.model import BayState, Frame, Occasion

FIRMWARE = (1, 13, 0)
RESET_POWER_ON = 2
_PORTS = {Occasion.CHANGE: 1, Occasion.HEARTBEAT: 2}


def encode(state: BayState, occasion: Occasion) -> Frame:
    """Encodes a parking status (port 1), heartbeat (port 2) or start-up report (port 3)."""
    if occasion is Occasion.STARTUP:
        return Frame(3, bytes([*FIRMWARE, RESET_POWER_ON, state.occupied]))
    return Frame(_PORTS[occasion], bytes([state.occupied]))
