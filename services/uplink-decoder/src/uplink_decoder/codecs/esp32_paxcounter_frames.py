# SPDX-License-Identifier: EUPL-1.2
"""The frames that both payload formats of the ESP32-Paxcounter share but for the byte order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uplink_decoder.codecs.esp32_paxcounter_parts import Fields, Part, fix, place
from uplink_decoder.codecs.model import Decoded, Frame, PresenceReading
from uplink_decoder.codecs.payload_reader import (
    ByteOrder,
    PayloadReader,
    require_length,
    unknown_port,
)


@dataclass(frozen=True, slots=True)
class Format:
    """What sets a format apart: byte order, count frames by length, two own frames."""

    order: ByteOrder
    counts: Mapping[int, tuple[Part, ...]]
    configuration: Part
    environment: Part


def decode_format(frame: Frame, layout: Format) -> Decoded:
    """This function decodes one uplink of either format; only port 1 carries readings."""
    reader = PayloadReader(frame.payload, layout.order)
    if frame.f_port == 1:
        return _counts(frame, reader, layout)
    parts = {
        **_PARTS,
        3: ("configuration", layout.configuration),
        7: ("environment", layout.environment),
    }
    if frame.f_port not in parts:
        raise unknown_port(frame)
    name, read = parts[frame.f_port]
    fields = read(reader)
    battery_mv = fields.get("battery_mv")
    return Decoded(
        data={"frame": name, **fields},
        battery_mv=battery_mv if isinstance(battery_mv, int) else None,
        warnings=reader.trailing(),
    )


def _counts(frame: Frame, reader: PayloadReader, layout: Format) -> Decoded:
    require_length(frame, *layout.counts)
    data: Fields = {"frame": "counts"}
    for part in layout.counts[len(frame.payload)]:
        data |= part(reader)
    wifi, ble = data.get("wifi"), data.get("ble")
    reading = PresenceReading(
        wifi=wifi if isinstance(wifi, int) else None,
        ble=ble if isinstance(ble, int) else None,
    )
    return Decoded(data=data, readings=(reading,))


def _position_frame(reader: PayloadReader) -> Fields:
    position = place(reader)
    return {**position, **fix(reader)} if reader.remaining else position


def _status(reader: PayloadReader) -> Fields:
    return {
        **_battery(reader),
        "uptime_s": _uptime(reader),
        "cpu_temperature_c": reader.signed(1, "CPU temperature"),
        "free_memory_bytes": reader.unsigned(4, "free memory"),
        "reset_cause": reader.unsigned(1, "reset cause"),
        "restarts": reader.unsigned(4, "restarts"),
    }


def _uptime(reader: PayloadReader) -> int:
    # An uptime fits 32 bits; the maker's decoder folds the upper half in, and its vector needs it.
    seconds = reader.unsigned(8, "uptime")
    return (seconds >> 32) | (seconds & 0xFFFFFFFF)


def _battery(reader: PayloadReader) -> Fields:
    # The firmware sends 0 when the board has no battery probe.
    return {"battery_mv": reader.unsigned(2, "voltage") or None}


def _button(reader: PayloadReader) -> Fields:
    return {"button": reader.unsigned(1, "button")}


def _time(reader: PayloadReader) -> Fields:
    if reader.remaining == 1:
        return {"time_sync_sequence": reader.unsigned(1, "time synchronisation sequence")}
    fields: Fields = {"device_time_epoch_s": reader.unsigned(4, "device time")}
    if reader.remaining:
        fields["time_status"] = reader.unsigned(1, "time status")
    return fields


def _first_user_sensor(reader: PayloadReader) -> Fields:
    if reader.remaining == 2:
        return {"exposure_notifications": reader.unsigned(2, "exposure notifications")}
    return _user_sensor(reader)


def _user_sensor(reader: PayloadReader) -> Fields:
    return {"content_hex": reader.hex_rest()}


_PARTS: dict[int, tuple[str, Part]] = {
    2: ("status", _status),
    4: ("position", _position_frame),
    5: ("button", _button),
    8: ("battery", _battery),
    9: ("time", _time),
    10: ("user_sensor_1", _first_user_sensor),
    11: ("user_sensor_2", _user_sensor),
    12: ("user_sensor_3", _user_sensor),
}
