# SPDX-License-Identifier: EUPL-1.2
"""Reads what pages show of other services: a fixed list of addresses, kept for a while."""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Literal
from urllib.parse import quote, urlencode

import httpx
import orjson

from open_data_publisher import metrics
from stadttakt_runtime.log import get_logger

log = get_logger(__name__)
MAX_PAGES = 20

Service = Literal["parking", "transit", "kpi", "registry"]


class AwayError(Exception):
    """A service did not answer, and nothing is kept that may still be shown."""


class MissingError(Exception):
    """A service answered that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and large an answer may be, how long a failed one is not asked for again, how many are kept."""

    timeout_s: float = 3.0
    pause_s: float = 5.0
    max_bytes: int = 4_000_000
    max_kept: int = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """What may be read: `path` with placeholders; fresh for so long, shown for so long without an answer.

    `is_paged` ones are lists that come in pages.
    """

    name: str
    service: Service
    path: str
    fresh_s: float
    usable_s: float
    is_paged: bool = False


FORECAST = Source("forecast", "parking", "/v1/lots/{lot_id}/forecast", 30, 300)
HISTORY = Source("history", "parking", "/v1/lots/{lot_id}/history", 120, 3_600)
STOPS = Source("stops", "transit", "/v1/stops", 600, 604_800, is_paged=True)
LINES = Source("lines", "transit", "/v1/lines", 600, 604_800)
LEVELS = Source("levels", "transit", "/v1/levels", 600, 604_800)
SCORECARD = Source("scorecard", "kpi", "/v1/scorecard", 60, 86_400)
VOCABULARY = Source("vocabulary", "registry", "/v1/vocabulary", 600, 604_800)
MEASURES = Source("measures", "registry", "/v1/measures", 60, 86_400, is_paged=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a service said, how long ago, and which readings that are: the same ones say the same."""

    body: Any
    age_s: float
    readings: tuple[float, ...]


@dataclass(slots=True)
class _Kept:
    """What is kept of one address; times are readings of the monotonic clock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    body: Any = None
    read_at: float = float("-inf")
    failed_at: float = float("-inf")
    is_missing: bool = False


class Upstream:
    """One question to a service at a time and address; who asks meanwhile gets its answer too."""

    def __init__(
        self,
        addresses: Mapping[Service, str],
        *,
        time: Callable[[], float] = monotonic,
        limits: Limits = Limits(),
    ) -> None:
        self._addresses = addresses
        self._time = time
        self._limits = limits
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._tls = ssl.create_default_context()

    async def read(
        self, source: Source, *, query: Mapping[str, str] | None = None, **ids: str
    ) -> Reading:
        """Return what a source says, at most `fresh_s` old while its service answers.

        Raises AwayError where there is nothing younger than `usable_s`, MissingError for a 404.
        """
        address = self._address(source, query or {}, ids)
        kept = self._find(address)
        if self._time() - kept.read_at >= source.fresh_s:
            async with kept.lock:
                if self._time() - kept.read_at >= source.fresh_s:
                    await self._renew(source, address, kept)
        if kept.is_missing:
            raise MissingError(address)
        age_s = self._time() - kept.read_at
        if age_s >= source.usable_s:
            raise AwayError(source.name)
        return Reading(kept.body, age_s, (kept.read_at,))

    async def read_items(self, source: Source) -> Reading:
        """Return all items of a list, whatever pages it comes in; raises as `read` does."""
        if not source.is_paged:
            reading = await self.read(source)
            return replace(reading, body=reading.body["items"])
        items: list[Any] = []
        readings: tuple[float, ...] = ()
        oldest_s, cursor = 0.0, None
        for _ in range(MAX_PAGES):
            query = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
            reading = await self.read(source, query=query)
            items += reading.body["items"]
            readings += reading.readings
            oldest_s = max(oldest_s, reading.age_s)
            cursor = reading.body["next_cursor"]
            if cursor is None:
                break
        else:
            log.warning("page_source_cut", source=source.name, items=len(items))
        return Reading(items, oldest_s, readings)

    def _address(self, source: Source, query: Mapping[str, str], ids: Mapping[str, str]) -> str:
        path = source.path.format_map({name: quote(value, safe="") for name, value in ids.items()})
        asked = f"?{urlencode(query)}" if query else ""
        return f"{self._addresses[source.service].rstrip('/')}{path}{asked}"

    def _find(self, address: str) -> _Kept:
        kept = self._kept.setdefault(address, _Kept())
        self._kept.move_to_end(address)
        while len(self._kept) > self._limits.max_kept:
            self._kept.popitem(last=False)
        return kept

    async def _renew(self, source: Source, address: str, kept: _Kept) -> None:
        if self._time() - kept.failed_at < self._limits.pause_s:
            return
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                kept.body = await self._fetch(address)
            kept.is_missing = False
        except MissingError:
            # Asked for again after a pause, as one that is away.
            kept.is_missing, kept.failed_at = True, self._time()
            metrics.PAGE_SOURCES.labels(source.name, "missing").inc()
        except (httpx.HTTPError, ValueError, TimeoutError) as error:
            kept.failed_at = self._time()
            metrics.PAGE_SOURCES.labels(source.name, "failed").inc()
            log.warning("page_source_failed", source=source.name, error=repr(error))
        else:
            kept.read_at = self._time()
            metrics.PAGE_SOURCES.labels(source.name, "read").inc()

    async def _fetch(self, address: str) -> Any:
        client = httpx.AsyncClient(
            verify=self._tls, timeout=self._limits.timeout_s, trust_env=False
        )
        headers = {"accept": "application/json"}
        async with client, client.stream("GET", address, headers=headers) as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise MissingError(address)
            answer.raise_for_status()
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > self._limits.max_bytes:
                    raise ValueError(f"more than {self._limits.max_bytes} bytes")
        return orjson.loads(body)
