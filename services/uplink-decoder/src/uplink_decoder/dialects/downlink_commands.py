# SPDX-License-Identifier: EUPL-1.2
"""A downlink as both servers take it: ChirpStack's command, The Things Stack's push."""

from __future__ import annotations

import base64
import uuid
from typing import NamedTuple

import orjson

from uplink_decoder.dialects.downlink_events import CORRELATION


class DownlinkFrame(NamedTuple):
    """What is to be sent to one device."""

    downlink_id: uuid.UUID
    dev_eui: str
    f_port: int
    payload: bytes
    confirmed: bool
    priority: str


def chirpstack_command(frame: DownlinkFrame) -> bytes:
    """Return the JSON for `…/command/down`; its queue refuses an id that it holds already."""
    return orjson.dumps(
        {
            "id": str(frame.downlink_id),
            "devEui": frame.dev_eui,
            "confirmed": frame.confirmed,
            "fPort": frame.f_port,
            "data": base64.b64encode(frame.payload).decode(),
        }
    )


def tts_push(frame: DownlinkFrame) -> bytes:
    """Return the JSON for `…/down/push`; our id comes back among the correlation ids."""
    downlink = {
        "f_port": frame.f_port,
        "frm_payload": base64.b64encode(frame.payload).decode(),
        "priority": frame.priority.upper(),
        "confirmed": frame.confirmed,
        "correlation_ids": [f"{CORRELATION}{frame.downlink_id}"],
    }
    return orjson.dumps({"downlinks": [downlink]})
