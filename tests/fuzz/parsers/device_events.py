# SPDX-License-Identifier: EUPL-1.2
"""Right messages of both network servers that are no uplinks: one of each kind, in the servers' forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

DOWNLINK_ID = UUID("6f0c1a52-8d4b-4d2f-9b55-0c1f6f2d7a10")
TIME = "2026-11-26T10:00:00.123456789+00:00"
_QUEUED = {"deviceInfo": {"devEui": "0200c4a500000001"}, "queueItemId": str(DOWNLINK_ID)}
_DEVICE = {
    "deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e",
    "time": TIME,
    "deviceInfo": {"tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242", "devEui": "0200c4a500000001"},
}  # fmt: skip
CHIRPSTACK = {
    "join": _DEVICE | {"devAddr": "00189440"},
    "status": _DEVICE | {"margin": 7, "batteryLevel": 75.5, "externalPowerSource": False},
    "ack": _DEVICE | {"queueItemId": str(DOWNLINK_ID), "acknowledged": True, "fCntDown": 6},
    "txack": _QUEUED | {"time": TIME, "downlinkId": 7, "gatewayId": "0016c001f1427f6f"},
    "log": {
        "time": TIME,
        "deviceInfo": {"devEui": "0200c4a500000001"},
        "level": "ERROR",
        "code": "F_CNT_DOWN",
        "description": "Frame counter of a queued item is invalid",
        "context": {"queue_item_id": str(DOWNLINK_ID)},
    },
    "location": _DEVICE
    | {"location": {"latitude": 51.48, "longitude": 11.97, "source": "GEO_RESOLVER_TDOA"}},
    "integration": _DEVICE | {"integrationName": "loraCloud", "eventType": "x", "object": {"a": 1}},
}
"""By the last level of the topic (chirpstack/api/proto/integration, v4)."""
_OURS = ["as:downlink:01E19B", f"stadttakt:downlink:{DOWNLINK_ID}"]
_FRAME = {"f_port": 15, "frm_payload": "Af8=", "confirmed": True, "correlation_ids": _OURS}
_FAILURE = {
    "namespace": "pkg/networkserver",
    "name": "too_long",
    "message_format": "it is too long",
}


def _tts(**part: Any) -> dict[str, Any]:
    device = {
        "device_id": "dev1",
        "application_ids": {"application_id": "app1"},
        "dev_eui": "0200C4A500000001",
    }
    ids = ["as:up:01E19B"]
    return {"end_device_ids": device, "correlation_ids": ids, "received_at": TIME, **part}


def _nameless(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message of a device that The Things Stack knows by no EUI."""
    ids = {name: told for name, told in message["end_device_ids"].items() if name != "dev_eui"}
    return message | {"end_device_ids": ids}


THE_THINGS_STACK = {
    "join": _tts(join_accept={"session_key_id": "AXBSz5GbUrPkhfJuMXcIhA==", "received_at": TIME}),
    "down/queued": _nameless(_tts(downlink_queued=_FRAME)),
    "down/sent": _tts(downlink_sent=_FRAME),
    "down/ack": _tts(downlink_ack={**_FRAME, "f_cnt": 1}),
    "down/nack": _tts(downlink_nack={**_FRAME, "f_cnt": 1}),
    "down/failed": _tts(downlink_failed={"downlink": _FRAME, "error": _FAILURE}),
    "down/push": {"downlinks": [_FRAME]},
    "down/replace": {"downlinks": []},
    "service/data": _tts(service_data={"service": "lora-cloud", "data": {"battery": 1.5}}),
    "location/solved": _tts(
        location_solved={"service": "gls", "location": {"latitude": 51.48, "longitude": 11.97}}
    ),
}
"""By the topic below the device (The Things Stack v3, ApplicationUp)."""


def seeds(ups: tuple[bytes, ...], events: Mapping[str, object]) -> tuple[bytes, ...]:
    """Return inputs: the first byte is which event it is, 0 an uplink, others in the order of `events`."""
    others = (bytes([n]) + orjson.dumps(each) for n, each in enumerate(events.values(), 1))
    return (*(b"\x00" + each for each in ups), *others)
