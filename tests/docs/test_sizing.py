# SPDX-License-Identifier: EUPL-1.2
"""The sizing table is what its formula makes of the measured figures."""

from __future__ import annotations

import re

from architecture.tracked import ROOT

MESSAGES_A_DAY, PEAK = 40, 5
SIZES = (1_000, 10_000, 100_000)
ROW = re.compile(
    r"^\| ([\w -]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", re.MULTILINE
)


def figures() -> dict[str, tuple[float, ...]]:
    """Return by part: cores at rest, CPU µs a message, MB, kB a device, bytes a message."""
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    section = text.partition("**What a machine must have**")[2].partition("\n\n**")[0]
    return {name: tuple(map(float, rest)) for name, *rest in ROW.findall(section)}


def rows(measured: dict[str, tuple[float, ...]]) -> list[str]:
    found = []
    for devices in SIZES:
        per_s = devices * MESSAGES_A_DAY / 86_400
        total = [0.0, 0.0, 0.0]
        for name, (rest, cpu_us, base_mb, device_kb, message_bytes) in measured.items():
            needs = (
                rest + per_s * PEAK * cpu_us / 1e6,
                base_mb + devices * device_kb / 1000,
                devices * MESSAGES_A_DAY * 365 * message_bytes / 1e9,
            )
            total = [one + other for one, other in zip(total, needs, strict=True)]
            found.append(_row(devices, per_s, name, needs))
        found.append(_row(devices, per_s, "all", total))
    return found


def _row(devices: int, per_s: float, name: str, needs: tuple[float, ...] | list[float]) -> str:
    cores, memory, disk = needs
    rates = f"{per_s:.1f} | {per_s * PEAK:.0f}"
    return f"| {devices:,} | {rates} | {name} | {cores:.2f} | {memory:,.0f} | {disk:,.0f} |"


def test_sizing_table_is_what_the_formula_makes_of_the_figures() -> None:
    measured = figures()
    assert len(measured) == 8
    page = (ROOT / "docs/how-to/sizing.md").read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if re.match(r"\| [\d,]+ \|", line)]
    assert table == rows(measured), "\n".join(rows(measured))
