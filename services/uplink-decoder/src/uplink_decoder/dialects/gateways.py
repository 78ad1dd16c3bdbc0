"""Which gateways heard an uplink, read from the raw message of either server."""

from __future__ import annotations

import msgspec
from pydantic import BaseModel


class Gateway(BaseModel):
    """One gateway's reception."""

    gateway_id: str
    rssi: float | None
    snr: float | None


class _RxInfo(msgspec.Struct, rename="camel"):
    gateway_id: str = ""
    rssi: float | None = None
    snr: float | None = None


class _GatewayIds(msgspec.Struct):
    gateway_id: str = ""


class _PacketBroker(msgspec.Struct):
    forwarder_gateway_id: str = ""
    forwarder_gateway_eui: str = ""


class _RxMetadata(msgspec.Struct):
    gateway_ids: _GatewayIds | None = None
    packet_broker: _PacketBroker | None = None
    rssi: float | None = None
    snr: float | None = None


class _UplinkMessage(msgspec.Struct):
    rx_metadata: list[_RxMetadata] = []


class _Raw(msgspec.Struct):
    rxInfo: list[_RxInfo] = []  # noqa: N815 (ChirpStack's name)
    uplink_message: _UplinkMessage | None = None


_decoder = msgspec.json.Decoder(_Raw)


def gateways_of(raw: bytes) -> list[Gateway]:
    """Return the receptions of a stored message; none where it does not tell them readably.

    An absent rssi or snr stays absent: ChirpStack omits zero, so it may also mean zero.
    """
    try:
        message = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    if message.uplink_message is not None:
        return [
            Gateway(gateway_id=_tts_id(heard), rssi=heard.rssi, snr=heard.snr)
            for heard in message.uplink_message.rx_metadata
        ]
    return [
        Gateway(gateway_id=heard.gateway_id, rssi=heard.rssi, snr=heard.snr)
        for heard in message.rxInfo
    ]


def _tts_id(heard: _RxMetadata) -> str:
    """Return the gateway's id; behind Packet Broker the forwarder names the real one."""
    broker = heard.packet_broker
    if broker is not None:
        return broker.forwarder_gateway_id or broker.forwarder_gateway_eui
    return heard.gateway_ids.gateway_id if heard.gateway_ids else ""
