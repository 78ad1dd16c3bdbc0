"""The registry as a replay needs it: devices of all times, each with the codec to decode with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.devices import Device, DeviceBook
from uplink_decoder.storage import codecs, replay_windows
from uplink_decoder.storage.devices import registry_version


class UnknownCodecError(LookupError):
    """The codec or its version that a replay was to decode with does not exist."""


class History:
    """Devices with those retired since; read again when the registry changes."""

    def __init__(self) -> None:
        self._version: tuple[int, bool] | None = None
        self._devices: Mapping[str, Device] = {}
        self._retired: Mapping[str, datetime] = {}

    async def refresh(self, connection: Any) -> None:
        """Read the registry if it changed."""
        version = await registry_version(connection)
        if version != self._version:
            found = await replay_windows.devices_of_all_times(connection)
            self._devices, self._retired = found
            self._version = version

    def book_for(self, rows: list[Any], codec_id: str | None) -> DeviceBook:
        """Return the devices of these uplinks, each with the given codec in place of its own."""
        found: dict[str, Device] = {}
        for dev_eui in {row["dev_eui"] for row in rows}:
            device = self._devices.get(dev_eui)
            if device is not None:
                found[dev_eui] = replace(device, codec_id=codec_id) if codec_id else device
        return DeviceBook(found)

    def knew(self, row: Any) -> bool:
        """Tell whether an uplink's device was not yet retired when it was observed."""
        retired_at = self._retired.get(row["dev_eui"])
        return retired_at is None or bool(row["observed_at"] < retired_at)


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
