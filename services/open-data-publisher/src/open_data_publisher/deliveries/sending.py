# SPDX-License-Identifier: EUPL-1.2
"""One push over HTTPS, and what came of it; an error is an answer too."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import httpx
import orjson

from open_data_publisher.deliveries.credentials import CredentialError, read_password, tls_context
from open_data_publisher.deliveries.targets import Target
from open_data_publisher.domain.deliveries import Answer, Offer, Payload

READ_AT_MOST = 65_536
KEPT_AT_MOST = 4_000
# The Mobilithek's gateway refuses names of libraries.
AGENT = f"stadttakt-open-data-publisher/{version('stadttakt-open-data-publisher')}"


async def push(target: Target, offer: Offer, payload: Payload) -> Answer:
    """Send a payload and return the answer; never longer than the target's time, never all of a flood."""
    try:
        async with asyncio.timeout(target.entry.timeout_s):
            return await _push(target, offer, payload)
    except (TimeoutError, httpx.TimeoutException):
        return Answer(None, "timeout", f"no answer within {target.entry.timeout_s:g} s")
    except CredentialError as error:
        return Answer(None, "credentials_unusable", str(error))
    except (httpx.HTTPError, OSError) as error:
        return _failed(target, error)


async def _push(target: Target, offer: Offer, payload: Payload) -> Answer:
    context = await asyncio.to_thread(tls_context, target)
    password = await asyncio.to_thread(read_password, target)
    auth = (target.entry.username or "", password) if password is not None else None
    body, headers = payload.zipped, {"content-type": payload.media_type, "user-agent": AGENT}
    if target.entry.gzip:
        headers["content-encoding"] = "gzip"
    else:
        body = await asyncio.to_thread(gzip.decompress, payload.zipped)
    url = target.entry.url.rstrip("/") + offer.path
    # No redirect is followed, which would take the certificate elsewhere; no proxy of the environment.
    async with (
        httpx.AsyncClient(
            verify=context, timeout=target.entry.timeout_s, trust_env=False, auth=auth
        ) as client,
        client.stream("POST", url, content=body, headers=headers) as answer,
    ):
        return read_answer(answer, await some_of(answer))


async def some_of(answer: httpx.Response) -> bytes:
    """Return the body of an answer, no more than a little beyond `READ_AT_MOST`."""
    found = bytearray()
    async for chunk in answer.aiter_raw(8192):
        found += chunk
        if len(found) >= READ_AT_MOST:
            break
    return bytes(found)


def read_answer(answer: httpx.Response, body: bytes) -> Answer:
    """Return what an answer says, whatever it is."""
    text = body[:KEPT_AT_MOST].decode(errors="replace").replace("\0", "")
    text = text or answer.reason_phrase
    if answer.status_code != httpx.codes.OK:
        wait = _seconds(answer.headers.get("retry-after", ""))
        return Answer(answer.status_code, "status", text, wait)
    if any(_refused_items(body)):
        return Answer(answer.status_code, "items_refused", text)
    return Answer(answer.status_code, None, text)


def _refused_items(body: bytes) -> Iterator[Any]:
    """Yield the errors that a ParkAPI tells of single items, at the top or by kind of item."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    if not isinstance(document, dict):
        return
    for part in (document, document.get("parking_sites"), document.get("parking_spots")):
        if isinstance(part, dict) and isinstance(part.get("errors"), list):
            yield from part["errors"]


def _seconds(retry_after: str) -> timedelta | None:
    """Read Retry-After in seconds (RFC 9110, 10.2.3); a date is left to our own pauses."""
    digits = retry_after.strip()
    return timedelta(seconds=int(digits)) if digits.isdecimal() and len(digits) < 8 else None


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _failed(target: Target, error: Exception) -> Answer:
    if _is_tls(error):
        return Answer(None, "tls", _told(error))
    if isinstance(error, httpx.ConnectError):
        return Answer(None, "not_reached", _told(error))
    return Answer(None, "broken_off", _told(error) + _hint(target))


def _hint(target: Target) -> str:
    """Say what else it may be: in TLS 1.3 a refused certificate often shows as a closed connection."""
    if target.entry.certificate is None:
        return ""
    return " (perhaps the receiver does not accept the client certificate)"


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:KEPT_AT_MOST].replace("\0", "")
