# SPDX-License-Identifier: EUPL-1.2
"""A thousand clients that each ask for a sign and a lot in turn every second, with the ETag they have."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rich.table import Table

from bench import signs
from bench.city import LOTS
from bench.cpu import cpu_s
from bench.whole_city import Town

CLIENTS = int(os.environ.get("CLIENTS", "1000"))
SECONDS = int(os.environ.get("SECONDS", "25"))
EVERY_S = 1.0
UPLINKS_PER_S = 500


@dataclass
class Seen:
    """What all clients saw: how long answers took, and of which status they were."""

    delays_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def measure(town: Town) -> Table:
    """Ask while 500 uplinks a second change what is asked for."""
    seen = Seen()
    with signs.load(town.stack, town.devices, UPLINKS_PER_S, SECONDS + 30):
        before = cpu_s(town.parking.process.pid)
        asyncio.run(_ask_all(town.parking.url, seen))
        used_us = (cpu_s(town.parking.process.pid) - before) * 1e6
    delays, count = sorted(seen.delays_ms), len(seen.delays_ms)
    table = Table("clients", "requests/s", "304", "200", "others", "median, ms", "p95", "p99",
                  "worst", "parking, CPU µs",
                  title=f"{CLIENTS:,} clients with ETag, one request a second each, at"
                  f" {UPLINKS_PER_S} uplinks/s")  # fmt: skip
    unchanged, changed = seen.statuses[304], seen.statuses[200]
    times = (statistics.median(delays), *(delays[int(count * share)] for share in (0.95, 0.99)))
    table.add_row(
        f"{CLIENTS:,}",
        f"{count / SECONDS:,.0f}",
        f"{unchanged:,}",
        f"{changed:,}",
        f"{count - unchanged - changed:,}",
        *(f"{value:,.1f}" for value in (*times, delays[-1])),
        f"{used_us / count:,.0f}",
    )
    return table


async def _ask_all(url: str, seen: Seen) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            group.create_task(_client(url, number, seen))


async def _client(url: str, number: int, seen: Seen) -> None:
    """Ask once a second on one connection, from a moment of its own on."""
    loop, address = asyncio.get_running_loop(), urlsplit(url)
    await asyncio.sleep(number / CLIENTS * EVERY_S)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    lot = number % LOTS
    paths, tags = (f"/v1/signs/load-{lot}-sign", f"/v1/lots/load-{lot}"), {"": ""}
    end, turn = loop.time() + SECONDS - EVERY_S, 0
    while loop.time() < end:
        path, began = paths[turn % 2], loop.time()
        tag = f"If-None-Match: {tags[path]}\r\n" if path in tags else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{tag}\r\n".encode())
        status, tag = await _answer(reader)
        seen.delays_ms.append((loop.time() - began) * 1000)
        seen.statuses[status] += 1
        if tag:
            tags[path] = tag
        turn += 1
        await asyncio.sleep(max(0.0, began + EVERY_S - loop.time()))
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
