# SPDX-License-Identifier: EUPL-1.2
"""The sizing table is what its model makes of the measured figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from architecture.tracked import ROOT
from bench.sizing_model import PEAK, Figures, Needs, average, figures, needs

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def rows(measured: dict[str, Figures]) -> list[str]:
    found = []
    for devices in SIZES:
        of_parts = {
            name: needs(each, devices, average(devices) * PEAK) for name, each in measured.items()
        }
        total = Needs(*(sum(each) for each in zip(*of_parts.values(), strict=True)))
        found += [_row(devices, name, each) for name, each in {**of_parts, "all": total}.items()]
    return found


def _row(devices: int, name: str, needed: Sequence[float]) -> str:
    cores, memory, disk = needed
    rates = f"{average(devices):.1f} | {average(devices) * PEAK:,.0f}"
    return f"| {devices:,} | {rates} | {name} | {cores:.2f} | {memory:,.0f} | {disk:,.0f} |"


def test_sizing_table_is_what_the_model_makes_of_the_figures() -> None:
    measured = figures()
    assert len(measured) == 8
    page = (ROOT / "docs/how-to/sizing.md").read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if re.match(r"\| [\d,]+ \|", line)]
    assert table == rows(measured), "\n".join(rows(measured))


def test_a_message_costs_more_alone_than_in_a_batch() -> None:
    figure = Figures(0.5, 1000.0, 10.0, 100.0, 2.0, 1000.0)

    assert needs(figure, 0, 0).cores == 0.5
    assert needs(figure, 0, 50).cores == 0.5 + 0.05
    assert needs(figure, 0, 1100).cores == 0.5 + 0.1 + 0.01
    assert needs(figure, 5_000, 0).memory_mb == 110
    assert needs(figure, 100, 0).disk_gb == 100 * 40 * 365 * 1000 / 1e9
