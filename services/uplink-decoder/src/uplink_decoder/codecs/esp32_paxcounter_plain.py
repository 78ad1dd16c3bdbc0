# SPDX-License-Identifier: EUPL-1.2
"""ESP32-Paxcounter, format "plain" (big-endian)."""

from __future__ import annotations

from uplink_decoder.codecs.esp32_paxcounter import payload_parts, version
from uplink_decoder.codecs.esp32_paxcounter_frames import Format, decode_format
from uplink_decoder.codecs.esp32_paxcounter_parts import Fields, ble, fix, place, wifi
from uplink_decoder.codecs.model import Codec, Decoded, Frame
from uplink_decoder.codecs.payload_reader import PayloadReader

_COUNTER_MODES = {0: "cyclic_unconfirmed", 1: "cumulative", 2: "cyclic_confirmed"}


def decode(frame: Frame) -> Decoded:
    """This function decodes one uplink of a paxcounter that sends the plain format."""
    return decode_format(frame, _PLAIN)


def _configuration(reader: PayloadReader) -> Fields:
    fields: Fields = {
        "data_rate": reader.unsigned(1, "data rate"),
        "transmit_power_dbm": reader.unsigned(1, "transmit power"),
        "adaptive_data_rate": reader.unsigned(1, "adaptive data rate") != 0,
        "screensaver": reader.unsigned(1, "screensaver") != 0,
        "screen": reader.unsigned(1, "screen") != 0,
    }
    mode = reader.unsigned(1, "counter mode")
    fields |= {
        "counter_mode": _COUNTER_MODES.get(mode, f"unknown ({mode})"),
        "rssi_limit_dbm": reader.signed(2, "RSSI limit"),
        "send_cycle_s": 2 * reader.unsigned(1, "send cycle"),
        "wifi_channel_cycle_ms": 10 * reader.unsigned(1, "WiFi channel cycle"),
        "ble_scan_ms": 10 * reader.unsigned(1, "Bluetooth scan time"),
        "ble_scan": reader.unsigned(1, "Bluetooth scan") != 0,
        "external_antenna": reader.unsigned(1, "antenna") != 0,
        "sleep_cycle_s": 10 * reader.unsigned(2, "sleep cycle"),
        "sends": payload_parts(reader.unsigned(1, "payload mask")),
    }
    reader.take(1, "reserved byte")
    return fields | {"firmware": version(reader)}


def _environment(reader: PayloadReader) -> Fields:
    return {
        "temperature_c": reader.signed(2, "temperature"),
        "pressure_hpa": reader.unsigned(2, "pressure"),
        "humidity_percent": reader.unsigned(2, "humidity"),
        "air_quality_index": reader.unsigned(2, "air quality"),
    }


_PLAIN = Format(
    order="big",
    counts={
        2: (wifi,),
        4: (wifi, ble),
        10: (place, wifi),
        12: (place, wifi, ble),
        15: (wifi, place, fix),
        17: (wifi, ble, place, fix),
    },
    configuration=_configuration,
    environment=_environment,
)

CODEC = Codec(
    codec_id="esp32-paxcounter-plain",
    version=1,
    maker="cyberman54 and contributors",
    model="ESP32-Paxcounter, plain format",
    decode=decode,
)
