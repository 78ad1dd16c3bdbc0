# SPDX-License-Identifier: EUPL-1.2
"""Asks The Things Stack's Storage Integration; its errors become two kinds: later, or not at all.

API: `GET /api/v3/as/applications/{app}/packages/storage/uplink_message`, answered as lines
`{"result": …}` (The Things Stack, api/ttn/lorawan/v3/applicationserver_integrations_storage.proto).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import httpx

from uplink_decoder.backfill.lines import Line, LineSplitter, StreamError, read_line
from uplink_decoder.sources.secrets import SecretMissingError
from uplink_decoder.sources.storage import SourceStorage

TIMEOUT = httpx.Timeout(10, read=60)
SHOWN_OF_ERROR = 300
LONGEST_WAIT_S = 3600.0
WAIT_HEADERS = ("retry-after", "x-rate-limit-retry", "x-rate-limit-reset")
"""The second and third are The Things Stack's own (pkg/ratelimit/result.go)."""
LATER = frozenset({408, 425, 429})
REFUSALS = {
    400: "the storage does not understand the request",
    401: "the storage does not know the key",
    403: "the key may not read the application's traffic",
    404: "the server knows no such application or device, or has no Storage Integration",
    412: "the Storage Integration is not enabled",
    501: "the server has no Storage Integration",
}
# gRPC status codes at the end of a stream that may be other at the next try.
PASSING_CODES = frozenset({1, 2, 4, 8, 10, 13, 14, 15})


class StorageRefusedError(Exception):
    """The same request will not succeed later; somebody has to change something."""


class StorageAwayError(Exception):
    """The same request may succeed later; `wait_s` where the server says when."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Period(NamedTuple):
    """Which stored messages: of a device or of all, after and before a time of receipt."""

    device: str | None
    after: datetime
    before: datetime


@asynccontextmanager
async def opened(storage: SourceStorage) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client for a storage; it follows no redirect, which would take the key along."""
    verify = ssl.create_default_context(cafile=storage.ca_file)
    async with httpx.AsyncClient(
        timeout=TIMEOUT, follow_redirects=False, verify=verify, trust_env=False
    ) as client:
        yield client


async def stored_lines(
    client: httpx.AsyncClient, storage: SourceStorage, period: Period
) -> AsyncGenerator[Line, None]:
    """Yield one page of stored messages as they arrive, the oldest first.

    Raises:
        StorageRefusedError: there is no key, it is not accepted, or there is nothing to ask.
        StorageAwayError: not reachable, overloaded, or the answer was cut off.

    """
    try:
        key = storage.key()
    except SecretMissingError as error:
        raise StorageRefusedError(f"there is no key: {error}") from error
    splitter = LineSplitter()
    try:
        async with client.stream(
            "GET", _url(storage, period), params=_query(storage, period), headers=_headers(key)
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                raise await _error(answer)
            async for chunk in answer.aiter_bytes():
                for line in splitter.feed(chunk):
                    yield _read(line)
            for line in splitter.finish():
                yield _read(line)
    except httpx.HTTPError as error:
        raise StorageAwayError(f"{type(error).__name__}: {error}"[:SHOWN_OF_ERROR]) from error


def _read(line: bytes) -> Line:
    try:
        return read_line(line)
    except StreamError as error:
        if error.code in PASSING_CODES:
            raise StorageAwayError(f"the server broke off: {error}") from error
        raise StorageRefusedError(f"the server broke off: {error}") from error


def _url(storage: SourceStorage, period: Period) -> str:
    device = f"/devices/{period.device}" if period.device else ""
    application = f"{storage.base_url}/api/v3/as/applications/{storage.application}"
    return f"{application}{device}/packages/storage/uplink_message"


def _query(storage: SourceStorage, period: Period) -> dict[str, str]:
    return {
        "after": period.after.isoformat(),
        "before": period.before.isoformat(),
        "limit": str(storage.page_size),
        "order": "received_at",
    }


def _headers(key: str) -> dict[str, str]:
    return {
        "authorization": f"Bearer {key}",
        "accept": "text/event-stream",
        # A compressed chunk may be of any length when it is unpacked.
        "accept-encoding": "identity",
        "user-agent": "stadttakt-uplink-decoder",
    }


async def _error(answer: httpx.Response) -> StorageRefusedError | StorageAwayError:
    status = answer.status_code
    told = await _beginning(answer)
    known = REFUSALS.get(status)
    text = f"{known or 'the storage answered'} (HTTP {status}){': ' if told else ''}{told}"
    if status in LATER or (status >= 500 and known is None):
        return StorageAwayError(text, _wait_s(answer.headers))
    return StorageRefusedError(text)


async def _beginning(answer: httpx.Response) -> str:
    """Return how an error's text begins, on one line."""
    begin = b""
    async for chunk in answer.aiter_bytes():
        begin += chunk[:SHOWN_OF_ERROR]
        if len(begin) >= SHOWN_OF_ERROR:
            break
    text = begin[:SHOWN_OF_ERROR].decode(errors="replace").replace("\x00", " ")
    return " ".join(text.split())


def _wait_s(headers: httpx.Headers) -> float | None:
    """Return how long the server wants us to wait; a date is taken for none (RFC 9110, 10.2.3)."""
    for name in WAIT_HEADERS:
        given = headers.get(name, "")
        if given.isascii() and given.isdigit() and (wait_s := float(given)) > 0:
            return min(wait_s, LONGEST_WAIT_S)
    return None
