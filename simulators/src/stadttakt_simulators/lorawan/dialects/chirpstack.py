# SPDX-License-Identifier: EUPL-1.2
"""ChirpStack v4 integration events (JSON, defaults emitted at the top level, zeros omitted in rxInfo)."""

from __future__ import annotations

import base64
import random
import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from stadttakt_simulators.clock import EpochNs, later, rfc3339
from stadttakt_simulators.lorawan.dialects.model import DeviceIdentity, Message, Session, Uplink
from stadttakt_simulators.lorawan.radio import CHANNELS_HZ, Reception

UTC_OFFSET = "+00:00"
REGION = "eu868"


@dataclass(frozen=True, slots=True)
class ChirpStack:
    """One application of one tenant on a ChirpStack server."""

    tenant_id: str
    tenant_name: str
    application_id: str
    application_name: str

    def up(self, uplink: Uplink, rng: random.Random) -> Message:
        """This function writes the `up` event, without `object`: no codec is configured on the server."""
        deduplication_id = _uuid4(rng)
        best = uplink.receptions[0]
        body = {
            "deduplicationId": deduplication_id,
            "time": rfc3339(
                _gateway_time(uplink.gateway_at) if best.gateway.gps else uplink.server_at,
                UTC_OFFSET,
            ),
            "deviceInfo": self._device_info(uplink.device),
            "devAddr": uplink.session.dev_addr,
            "adr": True,
            "dr": 12 - uplink.factor,
            "fCnt": uplink.f_cnt,
            "fPort": uplink.frame.f_port,
            "confirmed": False,
            "data": base64.b64encode(uplink.frame.payload).decode(),
            "rxInfo": [_rx_info(uplink, reception, rng) for reception in uplink.receptions],
            "txInfo": {
                "frequency": uplink.frequency_hz,
                "modulation": {
                    "lora": {
                        "bandwidth": 125000,
                        "spreadingFactor": uplink.factor,
                        "codeRate": "CR_4_5",
                    }
                },
            },
            "regionConfigId": REGION,
        }
        return self._message(uplink.device, "up", body, deduplication_id)

    def join(
        self, device: DeviceIdentity, session: Session, at: EpochNs, rng: random.Random
    ) -> Message:
        """This function writes the `join` event that follows an accepted join request."""
        deduplication_id = _uuid4(rng)
        body = {
            "deduplicationId": deduplication_id,
            "time": rfc3339(at, UTC_OFFSET),
            "deviceInfo": self._device_info(device),
            "devAddr": session.dev_addr,
            "regionConfigId": REGION,
        }
        return self._message(device, "join", body, deduplication_id)

    def status(
        self,
        device: DeviceIdentity,
        at: EpochNs,
        rng: random.Random,
        *,
        margin_db: int,
        battery_percent: float,
    ) -> Message:
        """This function writes the `status` event, the answer to a DevStatusReq."""
        deduplication_id = _uuid4(rng)
        body = {
            "deduplicationId": deduplication_id,
            "time": rfc3339(at, UTC_OFFSET),
            "deviceInfo": self._device_info(device),
            "margin": margin_db,
            "externalPowerSource": False,
            "batteryLevelUnavailable": False,
            "batteryLevel": battery_percent,
        }
        return self._message(device, "status", body, deduplication_id)

    def log(self, device: DeviceIdentity, at: EpochNs, code: str, rng: random.Random) -> Message:
        """This function writes the `log` event that stands for an uplink refused for its frame counter."""
        deduplication_id = _uuid4(rng)
        body = {
            "time": rfc3339(at, UTC_OFFSET),
            "deviceInfo": self._device_info(device),
            "level": "WARNING",
            "code": code,
            "description": LOG_DESCRIPTIONS[code],
            "context": {"deduplication_id": deduplication_id},
        }
        return self._message(device, "log", body, deduplication_id)

    def _device_info(self, device: DeviceIdentity) -> dict[str, Any]:
        return {
            "tenantId": self.tenant_id,
            "tenantName": self.tenant_name,
            "applicationId": self.application_id,
            "applicationName": self.application_name,
            "deviceProfileId": str(uuid.uuid5(uuid.UUID(self.tenant_id), device.profile)),
            "deviceProfileName": device.profile,
            "deviceName": device.name,
            "devEui": device.dev_eui,
            "deviceClassEnabled": "CLASS_A",
            "tags": {},
        }

    def _message(
        self, device: DeviceIdentity, event: str, body: dict[str, Any], identity: str
    ) -> Message:
        topic = f"application/{self.application_id}/device/{device.dev_eui}/event/{event}"
        return Message(topic, orjson.dumps(body), device.dev_eui, event, identity)


LOG_DESCRIPTIONS = {
    "UPLINK_F_CNT_RESET": "Uplink was flagged as frame-counter reset / rollover occurred",
    "UPLINK_F_CNT_RETRANSMISSION": "Uplink was flagged as re-transmission / frame-counter did not increment",
}


def _rx_info(uplink: Uplink, reception: Reception, rng: random.Random) -> dict[str, Any]:
    gateway = reception.gateway
    info: dict[str, Any] = {"gatewayId": gateway.eui, "uplinkId": rng.getrandbits(32)}
    if gateway.gps:
        info["gwTime"] = rfc3339(_gateway_time(uplink.gateway_at), UTC_OFFSET)
    info["nsTime"] = rfc3339(later(uplink.sent_at, rng.uniform(0.02, 0.09)), UTC_OFFSET)
    optional = {
        "rssi": reception.rssi_dbm,
        "snr": reception.snr_db,
        "channel": CHANNELS_HZ.index(uplink.frequency_hz),
        "rfChain": rng.randrange(2),
    }
    info |= {key: value for key, value in optional.items() if value}
    info["location"] = {
        "latitude": gateway.place.lat,
        "longitude": gateway.place.lon,
        "altitude": gateway.altitude_m,
    }
    info["context"] = base64.b64encode(rng.randbytes(4)).decode()
    info["metadata"] = {"region_config_id": REGION, "region_common_name": REGION.upper()}
    info["crcStatus"] = "CRC_OK"
    return info


def _gateway_time(at: EpochNs) -> EpochNs:
    # A concentrator counts microseconds.
    return EpochNs(at - at % 1000)


def _uuid4(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
