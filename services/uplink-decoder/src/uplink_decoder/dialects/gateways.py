# SPDX-License-Identifier: EUPL-1.2
"""Which gateways heard an uplink, as the API tells it."""

from __future__ import annotations

from pydantic import BaseModel

from uplink_decoder.dialects.receptions import read_reception


class Gateway(BaseModel):
    """One gateway's reception."""

    gateway_id: str
    rssi: float | None
    snr: float | None


def gateways_of(raw: bytes) -> list[Gateway]:
    """Return the receptions of a stored message; none where it does not tell them readably."""
    return [
        Gateway(gateway_id=heard.gateway_id, rssi=heard.rssi, snr=heard.snr)
        for heard in read_reception(raw).heard
    ]
