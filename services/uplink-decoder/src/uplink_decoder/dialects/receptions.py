# SPDX-License-Identifier: EUPL-1.2
"""How a frame was heard, read from the raw message of either server, beside the hot path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from uplink_decoder.domain.health_hour import Heard

MARGIN_DB = (-32, 31)
"""What the six bits of a DevStatusAns can say (LoRaWAN 1.0.4, 5.5)."""
MOST_GATEWAYS = 64
"""Of one frame; real networks know a dozen."""


class Reception(NamedTuple):
    """What a message tells of the radio; `battery_percent` only if this very frame brought it."""

    session: str = ""
    spreading_factor: int | None = None
    heard: tuple[Heard, ...] = ()
    battery_percent: float | None = None


class DeviceStatus(NamedTuple):
    """A device's answer to the network server (DevStatusAns, LoRaWAN 1.0.4, 5.5).

    `margin_db` is by how much its last downlink was better than needed.
    """

    battery_percent: float | None
    margin_db: int | None
    is_powered: bool


class _Location(msgspec.Struct):
    latitude: float | None = None
    longitude: float | None = None


class _RxInfo(msgspec.Struct, rename="camel"):
    gateway_id: str = ""
    rssi: float | None = None
    snr: float | None = None
    location: _Location | None = None


class _Lora(msgspec.Struct, rename="camel"):
    spreading_factor: int | None = None


class _Modulation(msgspec.Struct):
    lora: _Lora | None = None


class _TxInfo(msgspec.Struct):
    modulation: _Modulation | None = None


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
    location: _Location | None = None


class _TtsLora(msgspec.Struct):
    spreading_factor: int | None = None


class _DataRate(msgspec.Struct):
    lora: _TtsLora | None = None


class _Settings(msgspec.Struct):
    data_rate: _DataRate | None = None


class _Battery(msgspec.Struct):
    f_cnt: int = 0
    value: float | None = None


class _UplinkMessage(msgspec.Struct):
    session_key_id: str = ""
    f_cnt: int = 0
    rx_metadata: list[_RxMetadata] = []
    settings: _Settings | None = None
    last_battery_percentage: _Battery | None = None


class _Raw(msgspec.Struct, rename="camel"):
    dev_addr: str = ""
    rx_info: list[_RxInfo] = []
    tx_info: _TxInfo | None = None
    uplink_message: _UplinkMessage | None = msgspec.field(default=None, name="uplink_message")


class _Status(msgspec.Struct, rename="camel"):
    margin: int | None = None
    battery_level: float | None = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False


_raw = msgspec.json.Decoder(_Raw)
_status = msgspec.json.Decoder(_Status)


def read_reception(raw: bytes) -> Reception:
    """Return how a stored uplink was heard; nothing where it does not tell it readably."""
    try:
        message = _raw.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Reception()
    if message.uplink_message is not None:
        return _of_the_things_stack(message.uplink_message)
    lora = (
        message.tx_info.modulation.lora if message.tx_info and message.tx_info.modulation else None
    )
    return Reception(
        session=message.dev_addr,
        spreading_factor=_spreading(lora.spreading_factor if lora else None),
        heard=tuple(
            _heard(each.gateway_id, each, is_foreign=False)
            for each in message.rx_info[:MOST_GATEWAYS]
            if each.gateway_id
        ),
    )


def read_status(raw: bytes) -> DeviceStatus:
    """Return what a ChirpStack `status` event says; a level or margin that is none is left out."""
    try:
        status = _status.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return DeviceStatus(None, None, is_powered=False)
    level = status.battery_level
    has_level = level is not None and 0 < level <= 100 and not status.battery_level_unavailable
    is_powered = status.external_power_source
    least, most = MARGIN_DB
    margin = status.margin if status.margin is not None and least <= status.margin <= most else None
    return DeviceStatus(
        level if has_level and not is_powered else None, margin, is_powered=is_powered
    )


def _of_the_things_stack(message: _UplinkMessage) -> Reception:
    rate = message.settings.data_rate if message.settings else None
    battery = message.last_battery_percentage
    fresh = battery is not None and battery.f_cnt == message.f_cnt
    return Reception(
        session=message.session_key_id,
        spreading_factor=_spreading(rate.lora.spreading_factor if rate and rate.lora else None),
        heard=tuple(_tts_heard(message)),
        battery_percent=_within(battery.value, 0, 100) if battery and fresh else None,
    )


def _tts_heard(message: _UplinkMessage) -> Iterator[Heard]:
    """Yield the receptions; behind Packet Broker the forwarder names the real gateway."""
    for each in message.rx_metadata[:MOST_GATEWAYS]:
        broker = each.packet_broker
        if broker is not None:
            gateway_id = broker.forwarder_gateway_id or broker.forwarder_gateway_eui
        else:
            gateway_id = each.gateway_ids.gateway_id if each.gateway_ids else ""
        if gateway_id:
            yield _heard(gateway_id, each, is_foreign=broker is not None)


def _heard(gateway_id: str, each: _RxInfo | _RxMetadata, *, is_foreign: bool) -> Heard:
    """Return one reception; both servers leave a noise ratio of exactly zero away."""
    place = each.location
    lat = _within(place.latitude if place else None, -90, 90)
    lon = _within(place.longitude if place else None, -180, 180)
    if lat is None or lon is None:
        lat = lon = None
    snr = 0.0 if each.snr is None and each.rssi is not None else each.snr
    name = gateway_id[:200].replace("\x00", "_")
    return Heard(name, _within(each.rssi, -200, 50), _within(snr, -100, 100), is_foreign, lat, lon)


def _within(value: float | None, least: float, most: float) -> float | None:
    """Return a value that can be true; what lies outside would spoil every mean."""
    return value if value is not None and least <= value <= most else None


def _spreading(factor: int | None) -> int | None:
    return factor if factor is not None and 5 <= factor <= 12 else None
