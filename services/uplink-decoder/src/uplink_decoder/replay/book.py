# SPDX-License-Identifier: EUPL-1.2
"""The registry as a replay needs it: the devices of a window, each with the codec to decode with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.devices import Device, DeviceBook
from uplink_decoder.storage import codecs
from uplink_decoder.storage.devices import read_devices
from uplink_decoder.storage.registry import newest_change


class UnknownCodecError(LookupError):
    """The codec or its version that a replay was to decode with does not exist."""


class Registry:
    """Devices as far as windows needed them; read again when the registry changes."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._devices: dict[str, Device | None] = {}

    async def book_for(self, connection: Any, rows: list[Any], codec_id: str | None) -> DeviceBook:
        """Return the devices of these uplinks, each with the given codec in place of its own."""
        version = await newest_change(connection)
        if version != self._version:
            self._version, self._devices = version, {}
        wanted = {row["dev_eui"] for row in rows}
        absent = sorted(wanted - self._devices.keys())
        if absent:
            found = await read_devices(connection, absent)
            self._devices.update({dev_eui: found.get(dev_eui) for dev_eui in absent})
        devices = {name: each for name in wanted if (each := self._devices[name])}
        if codec_id:
            devices = {name: replace(each, codec_id=codec_id) for name, each in devices.items()}
        return DeviceBook(devices)


async def chosen_codec(connection: Any, codec_id: str, version: int | None) -> AnyCodec:
    """Return the codec to decode with, in its newest version where none is named.

    Raises:
        UnknownCodecError: there is no such codec, or not in this version.

    """
    codec = await codecs.read_version(connection, codec_id, version)
    if codec is None:
        which = f"codec {codec_id!r}" if version is None else f"version {version} of {codec_id!r}"
        raise UnknownCodecError(f"there is no {which}")
    return codec
