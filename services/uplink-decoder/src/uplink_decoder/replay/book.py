"""The registry as a replay needs it: the devices of a window, each with the codec to decode with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.devices import DeviceBook
from uplink_decoder.storage import codecs
from uplink_decoder.storage.devices import read_devices


class UnknownCodecError(LookupError):
    """The codec or its version that a replay was to decode with does not exist."""


async def book_for(connection: Any, rows: list[Any], codec_id: str | None) -> DeviceBook:
    """Return the devices of these uplinks, each with the given codec in place of its own."""
    found = await read_devices(connection, sorted({row["dev_eui"] for row in rows}))
    if codec_id:
        found = {name: replace(device, codec_id=codec_id) for name, device in found.items()}
    return DeviceBook(found)


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
