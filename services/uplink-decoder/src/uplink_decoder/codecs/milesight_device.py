# SPDX-License-Identifier: EUPL-1.2
"""Channels that Milesight devices share: versions, serial number, answers to settings."""

from __future__ import annotations

from collections.abc import Mapping

from uplink_decoder.codecs.milesight_tlv import Channels, Read, Uplink
from uplink_decoder.codecs.model import JsonValue
from uplink_decoder.codecs.payload_reader import PayloadReader

# A setting's value: named parts in bytes; a negative size is signed, "_" is not carried.
Layout = Mapping[str, int]

_RESULTS = {0: "accepted", 1: "forbidden", 2: "invalid_parameter"}
_CLASSES = {0: "A", 1: "B", 2: "C", 3: "C to B"}
_ANSWER_WITH_RESULT = 0xF8


def _protocol_version(reader: PayloadReader, uplink: Uplink) -> None:
    byte = reader.unsigned(1, "protocol version")
    uplink.data["protocol_version"] = f"{byte >> 4}.{byte & 0x0F}"


def _serial_number(reader: PayloadReader, uplink: Uplink) -> None:
    uplink.data["serial_number"] = reader.take(8, "serial number").hex()


def _lorawan_class(reader: PayloadReader, uplink: Uplink) -> None:
    value = reader.unsigned(1, "LoRaWAN class")
    uplink.data["lorawan_class"] = _CLASSES.get(value, f"unknown ({value})")


def _event(name: str) -> Read:
    # The byte is a constant; that the channel was sent is the message.
    def read(reader: PayloadReader, uplink: Uplink) -> None:
        reader.take(1, name)
        uplink.data[name] = True

    return read


COMMON: Channels = {
    (0xFF, 0x01): _protocol_version,
    (0xFF, 0x16): _serial_number,
    (0xFF, 0x0F): _lorawan_class,
    (0xFF, 0xFE): _event("restarted"),
    (0xFF, 0x0B): _event("switched_on"),
}


def dotted_version(name: str, size: int) -> Read:
    """This function returns a reader of a version of `size` whole bytes, as in 132.1.0.1."""

    def read(reader: PayloadReader, uplink: Uplink) -> None:
        uplink.data[name] = ".".join(str(part) for part in reader.take(size, name))

    return read


def hardware(reader: PayloadReader, uplink: Uplink) -> None:
    """This function reads a hardware version: 0110 is 1.1."""
    major, minor = reader.take(2, "hardware version")
    uplink.data["hardware"] = f"{major:x}.{minor >> 4}"


def firmware(reader: PayloadReader, uplink: Uplink) -> None:
    """This function reads a firmware version: 0110 is 1.10."""
    major, minor = reader.take(2, "firmware version")
    uplink.data["firmware"] = f"{major:x}.{minor:x}"


def read_layout(reader: PayloadReader, name: str, layout: Layout) -> JsonValue:
    """This function reads a setting: its number, or its named parts when it has several."""
    parts: dict[str, JsonValue] = {}
    for part, size in layout.items():
        value = reader.signed(-size, name) if size < 0 else reader.unsigned(size, name)
        if not part.startswith("_"):
            parts[part] = value
    if not parts:
        return True
    return parts[name] if list(parts) == [name] else parts


def settings(answers: Mapping[int, tuple[str, Layout]]) -> dict[tuple[int, int], Read]:
    """This function returns the channels by which a device repeats a setting it was sent."""

    def reader_of(name: str, layout: Layout) -> Read:
        def read(reader: PayloadReader, uplink: Uplink) -> None:
            uplink.settings[name] = read_layout(reader, name, layout)

        return read

    return {
        (channel, kind): reader_of(*answer)
        for kind, answer in answers.items()
        for channel in (0xFE, 0xFF)
    }


def settings_with_result(
    answers: Mapping[int, tuple[str, Layout]],
) -> dict[tuple[int, int], Read]:
    """This function returns the extended answers; those of channel f8 end with the result."""

    def reader_of(channel: int, name: str, layout: Layout) -> Read:
        def read(reader: PayloadReader, uplink: Uplink) -> None:
            value = read_layout(reader, name, layout)
            answer: dict[str, JsonValue] = {"value": value}
            if channel == _ANSWER_WITH_RESULT:
                result = reader.unsigned(1, "result")
                answer["result"] = _RESULTS.get(result, f"unknown ({result})")
            uplink.settings[name] = answer

        return read

    return {
        (channel, kind): reader_of(channel, *answer)
        for kind, answer in answers.items()
        for channel in (_ANSWER_WITH_RESULT, 0xF9)
    }
