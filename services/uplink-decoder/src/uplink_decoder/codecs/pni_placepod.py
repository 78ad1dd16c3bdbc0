# SPDX-License-Identifier: EUPL-1.2
"""PNI PlacePod vehicle sensor: a list of channel, type and value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from uplink_decoder.codecs.model import BayReading, Codec, CodecError, Decoded, Frame, JsonValue
from uplink_decoder.codecs.payload_reader import PayloadReader, require_application_port

_COUNT_RESTARTED = 0x80


@dataclass(slots=True)
class _Record:
    """What one uplink has told so far."""

    data: dict[str, JsonValue] = field(default_factory=dict)
    occupied: bool | None = None
    battery_mv: int | None = None


def decode(frame: Frame) -> Decoded:
    """This function decodes one PlacePod uplink on any application port."""
    require_application_port(frame)
    reader = PayloadReader(frame.payload, "big")
    record = _Record()
    warnings: tuple[str, ...] = ()
    while reader.remaining:
        start = reader.offset
        channel, kind = reader.unsigned(1, "channel"), reader.unsigned(1, "channel type")
        read = _CHANNELS.get((channel, kind))
        if read is None:
            reason = f"byte {start}: unknown channel {channel:02x} {kind:02x}"
            if start == 0:
                raise CodecError(reason)
            warnings = (f"{reason}, the rest is not read",)
            break
        read(reader, record)
    return Decoded(
        data=record.data,
        readings=_readings(record),
        battery_mv=record.battery_mv,
        warnings=warnings,
    )


def _readings(record: _Record) -> tuple[BayReading, ...]:
    if record.occupied is None or record.data.get("deactivated"):
        return ()
    # After a recalibration or reboot the reference field is new and the first state is often wrong.
    suspect = bool(record.data.get("recalibrated") or record.data.get("rebooted"))
    return (BayReading(record.occupied, suspect=suspect),)


def _answer(name: str) -> Callable[[PayloadReader, _Record], None]:
    def read(reader: PayloadReader, record: _Record) -> None:
        record.data[name] = reader.unsigned(1, name) == 1

    return read


def _temperature(reader: PayloadReader, record: _Record) -> None:
    record.data["temperature_c"] = reader.signed(2, "temperature") / 10


def _battery(reader: PayloadReader, record: _Record) -> None:
    start = reader.offset
    battery_mv = 10 * reader.signed(2, "battery voltage")
    if battery_mv < 0:
        raise CodecError(f"byte {start}: battery voltage of {battery_mv} mV")
    record.battery_mv = record.data["battery_mv"] = battery_mv


def _status(reader: PayloadReader, record: _Record) -> None:
    start = reader.offset
    status = reader.unsigned(1, "parking status")
    if status > 1:
        raise CodecError(f"byte {start}: parking status {status} is neither 0 nor 1")
    record.occupied = record.data["occupied"] = status == 1


def _vehicle_count(reader: PayloadReader, record: _Record) -> None:
    count = reader.unsigned(1, "vehicle count")
    if count > _COUNT_RESTARTED:
        record.data["vehicle_count_restarted"] = True
    else:
        record.data["vehicle_count"] = count


def _keep_alive(
    read: Callable[[PayloadReader, _Record], None],
) -> Callable[[PayloadReader, _Record], None]:
    def read_and_mark(reader: PayloadReader, record: _Record) -> None:
        read(reader, record)
        record.data["keep_alive"] = True

    return read_and_mark


_CHANNELS: dict[tuple[int, int], Callable[[PayloadReader, _Record], None]] = {
    (0x01, 0x01): _answer("recalibrated"),
    (0x02, 0x67): _temperature,
    (0x03, 0x02): _battery,
    (0x15, 0x66): _status,
    (0x1C, 0x01): _answer("deactivated"),
    (0x21, 0x00): _vehicle_count,
    (0x37, 0x66): _keep_alive(_status),
    (0x37, 0x00): _keep_alive(_vehicle_count),
    (0x3F, 0x01): _answer("rebooted"),
}

CODEC = Codec(
    codec_id="pni-placepod",
    version=1,
    maker="PNI Sensor",
    model="PlacePod",
    decode=decode,
)
