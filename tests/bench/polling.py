# SPDX-License-Identifier: EUPL-1.2
"""A thousand clients that each ask for a sign, a lot or a feed every second, with the ETag they have."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from rich.table import Table

from bench.city import LOTS
from bench.load import load
from bench.ranks import ranked
from bench.whole_city import Town

CLIENTS = int(os.environ.get("CLIENTS", "1000"))
SECONDS = int(os.environ.get("SECONDS", "25"))
EVERY_S = 1.0
RATES = tuple(int(rate) for rate in os.environ.get("RATES", "1 500").split())
"""Uplinks a second: at 1 most of what is asked for is as it was a second before, at 500 hardly anything."""

PATHS = {
    "sign": "/v1/signs/load-{lot}-sign",
    "lot": "/v1/lots/load-{lot}",
    "feed": "/feeds/parkapi/v3/parking-sites",
}
"""By name, for a lot's number."""


@dataclass
class Seen:
    """What clients saw of one address: how late answers came after they were due, and their statuses."""

    delays_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


class Polled(NamedTuple):
    """What is asked for in turn: its name, the service, and the path for a lot's number."""

    name: str
    url: str
    path: str


def measure(town: Town) -> Iterator[Table]:
    """Ask while so many uplinks a second change what is asked for; yield a table each."""
    for rate in RATES:
        yield _measure(town, rate)


def _measure(town: Town, rate: int) -> Table:
    asked = (
        Polled("sign", town.parking.url, PATHS["sign"]),
        Polled("lot", town.parking.url, PATHS["lot"]),
        Polled("feed", town.publisher.url, PATHS["feed"]),
    )
    seen = {each.name: Seen() for each in asked}
    with load(town.stack, town.devices, rate, SECONDS + 30):
        before, began = town.cpu_s(), time.monotonic()
        asyncio.run(_ask_all(asked, seen))
        took_s, after = time.monotonic() - began, town.cpu_s()
    table = Table("asked for", "due", "answers", "answers/s", "304", "200", "others", "median, ms", "p95", "p99", "worst",
                  title=f"{CLIENTS:,} clients with ETag, one request a second each, {rate} uplinks/s;"
                        " delays from when a request was due")  # fmt: skip
    for number, (name, each) in enumerate(seen.items()):
        due = len(range(number, CLIENTS, len(asked))) * SECONDS
        table.add_row(name, f"{due:,}", *_figures(each, took_s))
    used = ", ".join(f"{part} {after[part] - before[part]:.1f}" for part in after)
    table.caption = caption(took_s, used)
    return table


def caption(took_s: float, used: str) -> str:
    """Return what stands below the table: what that cost, and what was asked for."""
    asked = ", ".join(f"{name} `{path}`" for name, path in PATHS.items())
    return f"CPU seconds of {took_s:.0f}: {used}. Asked for: {asked}"


def _figures(seen: Seen, took_s: float) -> tuple[str, ...]:
    delays, count = sorted(seen.delays_ms), len(seen.delays_ms)
    unchanged, changed = seen.statuses[304], seen.statuses[200]
    statuses = (unchanged, changed, count - unchanged - changed)
    times = (statistics.median(delays), *(ranked(delays, share) for share in (0.95, 0.99)))
    return (
        f"{count:,}",
        f"{count / took_s:,.0f}",
        *(f"{each:,}" for each in statuses),
        *(f"{value:,.1f}" for value in (*times, delays[-1])),
    )


async def _ask_all(asked: Sequence[Polled], seen: Mapping[str, Seen]) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            polled = asked[number % len(asked)]
            group.create_task(_client(polled, number, seen[polled.name]))


async def _client(polled: Polled, number: int, seen: Seen) -> None:
    """Ask for one thing on one connection, due once a second from a moment of the client's own on.

    Who is answered late asks at once for what was due meanwhile.
    """
    loop, address, tag = asyncio.get_running_loop(), urlsplit(polled.url), ""
    path = polled.path.format(lot=number % LOTS)
    due = loop.time() + number / CLIENTS * EVERY_S
    await asyncio.sleep(due - loop.time())
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for _ in range(SECONDS):
        await asyncio.sleep(max(0.0, due - loop.time()))
        known = f"If-None-Match: {tag}\r\n" if tag else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{known}\r\n".encode())
        status, given = await _answer(reader)
        seen.delays_ms.append((loop.time() - due) * 1000)
        seen.statuses[status] += 1
        tag, due = given or tag, due + EVERY_S
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Read one answer; return its status and ETag."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    status = int(head[0].split()[1])
    if status != 304:
        await reader.readexactly(int(fields["content-length"]))
    return status, fields.get("etag", "")
