# SPDX-License-Identifier: EUPL-1.2
"""What the count frames of the ESP32-Paxcounter are put together from, in either byte order."""

from __future__ import annotations

from collections.abc import Callable

from uplink_decoder.codecs.model import CodecError, JsonValue
from uplink_decoder.codecs.payload_reader import PayloadReader

Fields = dict[str, JsonValue]
Part = Callable[[PayloadReader], Fields]


def wifi(reader: PayloadReader) -> Fields:
    """This function reads the number of WiFi devices."""
    return {"wifi": reader.unsigned(2, "WiFi count")}


def ble(reader: PayloadReader) -> Fields:
    """This function reads the number of Bluetooth devices."""
    return {"ble": reader.unsigned(2, "Bluetooth count")}


def place(reader: PayloadReader) -> Fields:
    """This function reads WGS 84 degrees and refuses what is off the globe."""
    start = reader.offset
    latitude = reader.signed(4, "latitude") / 1e6
    longitude = reader.signed(4, "longitude") / 1e6
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise CodecError(f"byte {start}: position {latitude} {longitude} is off the globe")
    return {"latitude": latitude, "longitude": longitude}


def fix(reader: PayloadReader) -> Fields:
    """This function reads how good the position is, and the altitude in metres."""
    return {
        "satellites": reader.unsigned(1, "satellites"),
        "hdop": reader.unsigned(2, "HDOP") / 100,
        "altitude_m": reader.signed(2, "altitude"),
    }
