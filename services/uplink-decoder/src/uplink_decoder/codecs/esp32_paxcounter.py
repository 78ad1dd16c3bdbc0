# SPDX-License-Identifier: EUPL-1.2
"""ESP32-Paxcounter, format "packed" (the default)."""

from __future__ import annotations

from uplink_decoder.codecs.esp32_paxcounter_frames import Format, decode_format
from uplink_decoder.codecs.esp32_paxcounter_parts import Fields, ble, fix, place, wifi
from uplink_decoder.codecs.model import Codec, Decoded, Frame
from uplink_decoder.codecs.payload_reader import PayloadReader, flag

_PAYLOAD_PARTS = {
    "counts": 0,
    "environment": 2,
    "gps": 3,
    "sensor_1": 4,
    "sensor_2": 5,
    "sensor_3": 6,
    "battery": 7,
}


def decode(frame: Frame) -> Decoded:
    """This function decodes one uplink of a paxcounter that sends the packed format."""
    return decode_format(frame, _PACKED)


def payload_parts(mask: int) -> Fields:
    """This function names what a board is set to send, after its payload mask."""
    return {name: flag(mask, bit) for name, bit in _PAYLOAD_PARTS.items()}


def version(reader: PayloadReader) -> str:
    """This function reads the firmware version, ten bytes of ASCII ended by a zero."""
    return reader.take(10, "version").split(b"\0")[0].decode("ascii", errors="replace")


def _dust(reader: PayloadReader) -> Fields:
    return {
        "pm10_ug_m3": reader.unsigned(2, "PM10") / 10,
        "pm2_5_ug_m3": reader.unsigned(2, "PM2.5") / 10,
    }


def _configuration(reader: PayloadReader) -> Fields:
    fields: Fields = {
        "data_rate": reader.unsigned(1, "data rate"),
        "transmit_power_dbm": reader.unsigned(1, "transmit power"),
        "rssi_limit_dbm": reader.signed(2, "RSSI limit"),
        "send_cycle_s": 2 * reader.unsigned(1, "send cycle"),
        "wifi_channel_cycle_ms": 10 * reader.unsigned(1, "WiFi channel cycle"),
        "ble_scan_ms": 10 * reader.unsigned(1, "Bluetooth scan time"),
        "sleep_cycle_s": 10 * reader.unsigned(2, "sleep cycle"),
    }
    flags = reader.unsigned(1, "flags")
    return fields | {
        "adaptive_data_rate": flag(flags, 7),
        "screensaver": flag(flags, 6),
        "screen": flag(flags, 5),
        "cumulative_counter": flag(flags, 4),
        "ble_scan": flag(flags, 3),
        "external_antenna": flag(flags, 2),
        "sends": payload_parts(reader.unsigned(1, "payload mask")),
        "firmware": version(reader),
    }


def _environment(reader: PayloadReader) -> Fields:
    # The one big-endian number of the packed format, in two's complement.
    high, low = reader.take(2, "temperature")
    return {
        "temperature_c": int.from_bytes((high, low), "big", signed=True) / 100,
        "pressure_hpa": reader.unsigned(2, "pressure") / 10,
        "humidity_percent": reader.unsigned(2, "humidity") / 100,
        "air_quality_index": reader.unsigned(2, "air quality") / 100,
    }


_PACKED = Format(
    order="little",
    counts={
        2: (wifi,),
        4: (wifi, ble),
        8: (wifi, ble, _dust),
        10: (place, wifi),
        12: (place, wifi, ble),
        15: (wifi, place, fix),
        17: (wifi, ble, place, fix),
    },
    configuration=_configuration,
    environment=_environment,
)

CODEC = Codec(
    codec_id="esp32-paxcounter",
    version=1,
    maker="cyberman54 and contributors",
    model="ESP32-Paxcounter, packed format",
    decode=decode,
)
