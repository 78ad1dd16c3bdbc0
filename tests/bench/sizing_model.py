# SPDX-License-Identifier: EUPL-1.2
"""What a machine must have, computed from the measured figures of docs/performance.md; pure but for reading them."""

from __future__ import annotations

import re
from typing import NamedTuple

from architecture.tracked import ROOT

MESSAGES_A_DAY, PEAK = 40, 5
ONE_BY_ONE = 100.0
"""Up to so many messages a second nearly each is a batch of its own; of what is more, batches grow."""
ROW = re.compile(r"^\| ([\w -]+) \|" + r" ([\d.]+) \|" * 7, re.MULTILINE)


class Figures(NamedTuple):
    """Of one part: cores at rest, CPU µs a message alone, in full batches, and a device each rendering, MB, kB a device, bytes a message."""

    rest: float
    alone_us: float
    batched_us: float
    rendered_us: float
    base_mb: float
    device_kb: float
    message_bytes: float


class Needs(NamedTuple):
    """What a part needs: cores, memory in MB, disk in GB a year."""

    cores: float
    memory_mb: float
    disk_gb: float


def figures() -> dict[str, Figures]:
    """Return what was measured, by part."""
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    section = text.partition("\n## What a machine must have\n")[2].partition("\n## ")[0]
    return {name: Figures(*map(float, rest)) for name, *rest in ROW.findall(section)}


def average(devices: int) -> float:
    """Return messages a second over a day."""
    return devices * MESSAGES_A_DAY / 86_400


def needs(measured: Figures, devices: int, rate: float) -> Needs:
    """Return what a part needs for so many devices while so many messages a second come."""
    alone, more = min(rate, ONE_BY_ONE), max(0.0, rate - ONE_BY_ONE)
    messages = (alone * measured.alone_us + more * measured.batched_us) / 1e6
    return Needs(
        measured.rest + messages + _rendering(devices * measured.rendered_us / 1e6, rate),
        measured.base_mb + devices * measured.device_kb / 1000,
        devices * MESSAGES_A_DAY * 365 * measured.message_bytes / 1e9,
    )


def _rendering(once_s: float, rate: float) -> float:
    """Return the cores of what is rendered anew when something changed, and a second after it was before."""
    return once_s * min(rate, 1 / (1 + once_s))
