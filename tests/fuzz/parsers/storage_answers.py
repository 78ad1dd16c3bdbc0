# SPDX-License-Identifier: EUPL-1.2
"""What The Things Stack's storage answers when the decoder fetches what it lacks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import orjson

from fuzz.parsers.answers import answered
from fuzz.parsers.target import Parser, at_once, check
from support.tts_storage import APPLICATION, KEY, stored
from uplink_decoder.backfill.client import (
    Period,
    StorageAwayError,
    StorageRefusedError,
    stored_lines,
)
from uplink_decoder.backfill.lines import Line
from uplink_decoder.dialects import read_tts
from uplink_decoder.domain.uplink import DeviceEvent, RejectedError, uplink_id
from uplink_decoder.sources.storage import SourceStorage

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PERIOD = Period(None, NOW - timedelta(hours=1), NOW)
VARIABLE = "STADTTAKT_FUZZED_STORAGE_KEY"
UPLINKS = b"\n".join(orjson.dumps({"result": stored(number, NOW)}) for number in (1, 2))
ANSWERS = (
    b"200\n\n" + UPLINKS,
    b'200\n\n{"error":{"grpc_code":14,"http_code":503,"message":"closing","details":[]}}\n',
    b'200\n\n{"error":{"code":7,"message":"no rights"}}',
    b"429\nretry-after: 7\nx-rate-limit-reset: 60\n\nslow down",
    b'403\n\n{"code":7,"message":"error:no_rights"}',
)


class RefusedError(Exception):
    """The storage gave no page; what is told of it is stored."""


@cache
def _storage() -> SourceStorage:
    os.environ[VARIABLE] = KEY
    return SourceStorage(
        base_url="http://localhost", application=APPLICATION, api_key_variable=VARIABLE
    )


def _answer(data: bytes) -> Any:
    transport = httpx.MockTransport(lambda _: answered(data))

    async def fetched() -> list[Line]:
        async with httpx.AsyncClient(transport=transport) as client:
            return [line async for line in stored_lines(client, _storage(), PERIOD)]

    try:
        return [_read(line) for line in at_once(fetched())]
    except (StorageRefusedError, StorageAwayError) as error:
        check((str(error), getattr(error, "wait_s", None)))
        raise RefusedError(str(error)) from error


def _read(line: Line) -> Any:
    """Return what is stored of one line: its uplink, or the line itself as one that cannot be read."""
    try:
        uplink = read_tts(APPLICATION, None, "up", line.payload)
    except RejectedError as error:
        return line, error.reason, error.detail
    assert not isinstance(uplink, DeviceEvent)
    return line, uplink._replace(identity=str(uplink_id("fuzz", uplink.device, uplink.identity)))


def parsers() -> Iterator[Parser]:
    """Yield the only one."""
    yield Parser("storage-answer", _answer, (RefusedError,), ANSWERS)
