# SPDX-License-Identifier: EUPL-1.2
"""The Things Stack v3 application messages (JSON, every zero and empty field omitted)."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from stadttakt_simulators.clock import EpochNs, later, rfc3339
from stadttakt_simulators.lorawan.dialects.model import DeviceIdentity, Message, Session, Uplink
from stadttakt_simulators.lorawan.radio import CHANNELS_HZ, Reception

# What proto3 JSON leaves out; "0" because 64-bit numbers are written as strings.
ZEROS: tuple[Any, ...] = (0, "", "0", None, {}, [])
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class TheThingsStack:
    """One application of one tenant on a The Things Stack cluster."""

    application_id: str
    tenant_id: str
    cluster_id: str
    cluster_address: str
    net_id: str
    ns_id: str

    def up(self, uplink: Uplink, rng: random.Random) -> Message:
        """This function writes the `up` message, without `decoded_payload`: no formatter is configured."""
        session = uplink.session
        network_at = later(uplink.server_at, -rng.uniform(0.19, 0.22))
        concentrator = rng.getrandbits(32)
        clocks = _clocks(uplink, concentrator)
        body = {
            "end_device_ids": self._end_device_ids(uplink.device, session),
            "correlation_ids": [f"gs:uplink:{_ulid(network_at, rng)}"],
            "received_at": rfc3339(uplink.server_at, "Z"),
            "uplink_message": {
                "session_key_id": session.session_key_id,
                "f_port": uplink.frame.f_port,
                "f_cnt": uplink.f_cnt,
                "frm_payload": base64.b64encode(uplink.frame.payload).decode(),
                "rx_metadata": [
                    _rx_metadata(uplink, reception, clocks, rng) for reception in uplink.receptions
                ],
                "settings": {
                    "data_rate": {
                        "lora": {
                            "bandwidth": 125000,
                            "spreading_factor": uplink.factor,
                            "coding_rate": "4/5",
                        }
                    },
                    "frequency": str(uplink.frequency_hz),
                    **clocks,
                },
                "received_at": rfc3339(network_at, "Z"),
                "consumed_airtime": f"{uplink.airtime_s:.6f}s",
                "network_ids": {
                    "net_id": self.net_id,
                    "ns_id": self.ns_id,
                    "tenant_id": self.tenant_id,
                    "cluster_id": self.cluster_id,
                    "cluster_address": self.cluster_address,
                },
            },
        }
        return self._message(uplink.device, "up", body, f"{session.session_key_id}:{uplink.f_cnt}")

    def join(
        self, device: DeviceIdentity, session: Session, at: EpochNs, rng: random.Random
    ) -> Message:
        """This function writes the `join` message that follows an accepted join request."""
        body = {
            "end_device_ids": self._end_device_ids(device, session),
            "correlation_ids": [f"gs:uplink:{_ulid(at, rng)}"],
            "received_at": rfc3339(at, "Z"),
            "join_accept": {
                "session_key_id": session.session_key_id,
                "received_at": rfc3339(later(at, -rng.uniform(0.15, 0.2)), "Z"),
            },
        }
        return self._message(device, "join", body, session.session_key_id)

    def _end_device_ids(self, device: DeviceIdentity, session: Session) -> dict[str, Any]:
        return {
            "device_id": device.device_id,
            "application_ids": {"application_id": self.application_id},
            "dev_eui": device.dev_eui.upper(),
            "join_eui": device.join_eui.upper(),
            "dev_addr": session.dev_addr.upper(),
        }

    def _message(
        self, device: DeviceIdentity, event: str, body: Mapping[str, Any], identity: str
    ) -> Message:
        topic = f"v3/{self.application_id}@{self.tenant_id}/devices/{device.device_id}/{event}"
        return Message(topic, orjson.dumps(_without_zeros(body)), device.dev_eui, event, identity)


def _clocks(uplink: Uplink, concentrator: int) -> dict[str, Any]:
    clocks: dict[str, Any] = {"timestamp": concentrator}
    if uplink.receptions[0].gateway.gps:
        clocks["time"] = rfc3339(_gateway_time(uplink.gateway_at), "Z")
    return clocks


def _rx_metadata(
    uplink: Uplink, reception: Reception, clocks: Mapping[str, Any], rng: random.Random
) -> dict[str, Any]:
    gateway = reception.gateway
    time = {"time": rfc3339(_gateway_time(uplink.gateway_at), "Z")} if gateway.gps else {}
    own = reception is uplink.receptions[0]
    return {
        "gateway_ids": {"gateway_id": gateway.gateway_id, "eui": gateway.eui.upper()},
        **time,
        "timestamp": clocks["timestamp"] if own else rng.getrandbits(32),
        "rssi": reception.rssi_dbm,
        "channel_rssi": reception.rssi_dbm,
        "snr": reception.snr_db,
        "frequency_offset": str(rng.randint(-2500, 2500)),
        "location": {
            "latitude": gateway.place.lat,
            "longitude": gateway.place.lon,
            "altitude": round(gateway.altitude_m),
            "source": "SOURCE_REGISTRY",
        },
        "uplink_token": base64.b64encode(rng.randbytes(54)).decode(),
        "channel_index": CHANNELS_HZ.index(uplink.frequency_hz),
        "received_at": rfc3339(later(uplink.sent_at, rng.uniform(0.015, 0.03)), "Z"),
    }


def _without_zeros(value: Any) -> Any:
    """This function drops zeros, false and everything empty at any depth."""
    if isinstance(value, Mapping):
        pruned = {key: _without_zeros(item) for key, item in value.items()}
        return {key: item for key, item in pruned.items() if item not in ZEROS}
    if isinstance(value, list):
        return [_without_zeros(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _ulid(at: EpochNs, rng: random.Random) -> str:
    number = (at // 1_000_000) << 80 | rng.getrandbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def _gateway_time(at: EpochNs) -> EpochNs:
    return EpochNs(at - at % 1000)
