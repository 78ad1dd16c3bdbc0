# SPDX-License-Identifier: EUPL-1.2
"""What somebody may ask to be fetched: a period of a source that has a storage, of some devices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from uplink_decoder.dialects.reading import eui
from uplink_decoder.sources import Source, SourceTable
from uplink_decoder.sources.storage import SourceStorage
from uplink_decoder.storage import backfills, downlinks


class WrongRequestError(ValueError):
    """A fetch that cannot be; `field` and `code` say why, the text in words."""

    def __init__(self, field: str, code: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.code = code


class _DeviceIds(msgspec.Struct):
    device_id: str = ""


class _Raw(msgspec.Struct):
    end_device_ids: _DeviceIds = msgspec.field(default_factory=_DeviceIds)


_raw = msgspec.json.Decoder(_Raw)


def storage_of(sources: SourceTable, source_id: str) -> tuple[Source, SourceStorage]:
    """Return a source with its storage.

    Raises:
        WrongRequestError: there is no such source, or it has none.

    """
    source = next((each for each in sources.sources if each.source_id == source_id), None)
    if source is None:
        raise WrongRequestError("source_id", "unknown_source", f"there is no source {source_id!r}")
    if source.storage is None:
        text = f"source {source_id!r} has no `storage` in sources.yaml"
        raise WrongRequestError("source_id", "no_storage", text)
    return source, source.storage


async def ask(  # noqa: PLR0913 (what one request says)
    connection: Any,
    storage: SourceStorage,
    *,
    source_id: str,
    period: tuple[datetime, datetime],
    devices: Sequence[str],
    by: str,
    now: datetime,
) -> Any:
    """Queue a fetch and return it.

    Raises:
        WrongRequestError: the period or a device cannot be fetched.

    """
    since, until = period[0], min(period[1], now)
    oldest = now - timedelta(hours=storage.retention_hours)
    if since < oldest:
        text = f"the storage keeps {storage.retention_hours} hours: since {oldest.isoformat()}"
        raise WrongRequestError("from", "not_kept", text)
    if since >= until:
        raise WrongRequestError("from", "empty_period", "must be before `to` and before now")
    found = [await _device_id(connection, device) for device in devices]
    request = backfills.Request(source_id, by, since, until, list(dict.fromkeys(found)))
    return await backfills.create(connection, request, now)


async def _device_id(connection: Any, device: str) -> str:
    """Return The Things Stack's name of a device that may be given by its EUI."""
    dev_eui = eui(device)
    if dev_eui is None:
        return device
    row = await downlinks.newest_uplink(connection, dev_eui)
    device_id = ""
    if row is not None:
        try:
            device_id = _raw.decode(row["raw"]).end_device_ids.device_id
        except (msgspec.DecodeError, UnicodeDecodeError):
            device_id = ""
    if not device_id:
        text = f"nothing was heard of {dev_eui} yet: give its device id in The Things Stack"
        raise WrongRequestError("devices", "unknown_device", text)
    return device_id
