# SPDX-License-Identifier: EUPL-1.2
"""What a machine must have, computed from the measured figures of docs/benchmarks and of the table in docs/how-to/sizing.md; pure but for reading them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from math import log10
from typing import NamedTuple

from architecture.tracked import ROOT
from bench.city import LOAD_DEVICES
from bench.pages import FOLDER, sheets_of

MESSAGES_A_DAY, PEAK, IDENTITY_DAYS = 40, 5, 35
ONE_BY_ONE = 100.0
"""Up to so many messages a second nearly each is a batch of its own; of what is more, batches grow."""
IN_BATCHES = re.compile(r"([\w-]+) ([\d,]+)")
IDENTITY = re.compile(r"(\d+) bytes an identity in its index")
DECODER, DATABASE = "uplink-decoder", "database"
OF_PARTS = {
    "broker": "broker",
    "decoder": DECODER,
    "parking": "parking-occupancy",
    "publisher": "open-data-publisher",
    "database": DATABASE,
}
"""The model's names of what runs in a bench."""
PAGE = ROOT / "docs/how-to/sizing.md"
GROWS = {DECODER: "decoder, CPU µs", DATABASE: "database, CPU µs"}
"""Columns of the benches of growth, by part."""


class Course(NamedTuple):
    """What was measured by size, from a base on; between sizes a straight line over their logarithms, which goes on beyond the last."""

    points: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 0.0))
    base: float = 1.0

    def at(self, size: float) -> float:
        """Return what it is at a size; below the first one measured as at that."""
        wanted = max(log10(max(size, 1.0)), self.points[0][0])
        where = bisect_right([each for each, _ in self.points], wanted)
        left = min(max(where, 1), len(self.points) - 1) - 1
        (x, y), (further, more) = self.points[left : left + 2]
        return y + (wanted - x) / (further - x) * (more - y)

    def more(self, size: float) -> float:
        """Return how much more it is than at the base."""
        return self.at(size) - self.at(self.base)


class Figures(NamedTuple):
    """Of one part: cores at rest, CPU µs a message alone, in full batches, and a device each rendering, MB, kB a device, bytes a message.

    And what a message's CPU grows by, µs: with devices, with identities that are known; bytes of an identity kept in memory.
    """

    rest: float
    alone_us: float
    batched_us: float
    rendered_us: float
    base_mb: float
    device_kb: float
    message_bytes: float
    by_devices: Course = Course()
    by_identities: Course = Course()
    identity_bytes: float = 0.0


class Needs(NamedTuple):
    """What a part needs: cores, memory in MB, disk in GB a year."""

    cores: float
    memory_mb: float
    disk_gb: float


def figures() -> dict[str, Figures]:
    """Return what was measured, by part."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition("\n## What it is computed from\n")[2].partition("\n## ")[0]
    (sheet,) = sheets_of(section)
    costs, found = _costs(), {}
    for name, *cells in sheet.rows:
        rest, rendered_us, *sizes = map(float, cells)
        of_messages = [
            max(0.0, us - _rendered_us(rendered_us, rate)) for us, rate in costs.get(name, ())
        ]
        alone_us, batched_us = of_messages or (0.0, 0.0)
        base_mb, device_kb, message_bytes = sizes
        found[name] = Figures(
            rest, alone_us, batched_us, rendered_us, base_mb, device_kb, message_bytes
        )
    for name, column in GROWS.items():
        found[name] = found[name]._replace(
            by_devices=_course("devices", column, LOAD_DEVICES), by_identities=by_rows(column)
        )
    (identity,) = IDENTITY.findall(section)
    found[DATABASE] = found[DATABASE]._replace(identity_bytes=float(identity))
    return found


def _costs() -> dict[str, list[tuple[float, float]]]:
    """Return by part what an uplink costs, CPU µs, and at how many a second: as a batch of its own, and in full ones."""
    latency = sheets_of((FOLDER / "latency.md").read_text(encoding="utf-8"))
    (alone,) = (each for each in latency if each.title.startswith("What 100 uplinks/s cost"))
    (chain,) = sheets_of((FOLDER / "chain.md").read_text(encoding="utf-8"))
    alone_us = zip(alone.column("part"), alone.column("CPU, µs an uplink"), strict=True)
    batched_us = dict(IN_BATCHES.findall(chain.caption.partition(": ")[2]))
    return {
        OF_PARTS[part]: [(_figure(us), ONE_BY_ONE), (_figure(batched_us[part]), chain_rate())]
        for part, us in alone_us
    }


def chain_rate() -> float:
    """Return how many uplinks a second went through decoder and parking together, in full batches."""
    (chain,) = sheets_of((FOLDER / "chain.md").read_text(encoding="utf-8"))
    rates = zip(chain.column("until"), chain.column("uplinks/s"), strict=True)
    (rate,) = (each for until, each in rates if until.startswith("parking"))
    return _figure(rate)


def _rendered_us(device_us: float, rate: float) -> float:
    """Return what an uplink of the city for load cost for rendering: in the model that is no part of an uplink."""
    return _rendering(LOAD_DEVICES * device_us / 1e6, rate) / rate * 1e6


def _figure(cell: str) -> float:
    return float(cell.replace(",", ""))


def by_rows(column: str) -> Course:
    """Return a column of the growth by rows, half of which have an identity, by identities; those of the run itself come on top."""
    (sheet,) = sheets_of((FOLDER / "growth-rows.md").read_text(encoding="utf-8"))
    own = float(sheet.title.split()[0].replace(",", ""))
    sizes = (float(rows.replace(",", "")) / 2 + own for rows in sheet.column("rows"))
    return _through(sizes, sheet.column(column), own)


def one_decoders_pace(identities: float) -> float:
    """Return how many uplinks a second one decoder stored on the machine measured, where so many identities are known."""
    course = by_rows("uplinks/s")
    waited = Course(tuple((size, 1 / rate) for size, rate in course.points), course.base)
    return 1 / waited.at(identities)


def _course(what: str, column: str, base: float) -> Course:
    (sheet,) = sheets_of((FOLDER / f"growth-{what}.md").read_text(encoding="utf-8"))
    sizes = (float(size.replace(",", "")) for size in sheet.column(what))
    return _through(sizes, sheet.column(column), base)


def _through(sizes: Iterable[float], cells: Iterable[str], base: float) -> Course:
    """Return the course of what was measured; what was not has no figure."""
    told = zip(sizes, (cell.partition(" ")[0].replace(",", "") for cell in cells), strict=True)
    points = [(log10(size), float(cell)) for size, cell in told if cell[:1].isdecimal()]
    return Course(tuple(points), base)


def average(devices: int) -> float:
    """Return messages a second over a day."""
    return devices * MESSAGES_A_DAY / 86_400


def identities(devices: int) -> float:
    """Return how many identities are known when all are kept as long as they are by default."""
    return float(devices * MESSAGES_A_DAY * IDENTITY_DAYS)


def needs(measured: Figures, devices: int, rate: float, known: float | None = None) -> Needs:
    """Return what a part needs for so many devices while so many messages a second come, and so many identities are known."""
    if known is None:
        known = identities(devices)
    grown_us = measured.by_devices.more(devices) + measured.by_identities.more(known)
    alone, more = min(rate, ONE_BY_ONE), max(0.0, rate - ONE_BY_ONE)
    messages = (alone * measured.alone_us + more * measured.batched_us + rate * grown_us) / 1e6
    return Needs(
        measured.rest + messages + _rendering(devices * measured.rendered_us / 1e6, rate),
        measured.base_mb + devices * measured.device_kb / 1000 + known * measured.identity_bytes / 1e6,
        devices * MESSAGES_A_DAY * 365 * measured.message_bytes / 1e9,
    )  # fmt: skip


def _rendering(once_s: float, rate: float) -> float:
    """Return the cores of what is rendered anew when something changed, and a second after it was before."""
    return once_s * min(rate, 1 / (1 + once_s))
