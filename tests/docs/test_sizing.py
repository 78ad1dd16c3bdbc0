# SPDX-License-Identifier: EUPL-1.2
"""The sizing tables, also what breaks first, are what their model makes of the measured figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from architecture.tracked import ROOT
from bench.sizing_model import PEAK, Figures, Needs, average, figures, needs

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PAGE = ROOT / "docs/how-to/sizing.md"
N = r"([\d,.]+)"


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
    page = PAGE.read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if re.match(r"\| [\d,]+ \|", line)]
    assert table == rows(measured), "\n".join(rows(measured))


def test_a_message_costs_more_alone_than_in_a_batch() -> None:
    figure = Figures(0.5, 1000.0, 10.0, 0.0, 100.0, 2.0, 1000.0)

    assert needs(figure, 0, 0).cores == 0.5
    assert needs(figure, 0, 50).cores == 0.5 + 0.05
    assert needs(figure, 0, 1100).cores == 0.5 + 0.1 + 0.01
    assert needs(figure, 5_000, 0).memory_mb == 110
    assert needs(figure, 100, 0).disk_gb == 100 * 40 * 365 * 1000 / 1e9


def test_what_is_rendered_when_something_changed_is_so_every_second_at_most() -> None:
    figure = Figures(0.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0)

    assert needs(figure, 100_000, 0).cores == 0
    assert needs(figure, 100_000, 0.1).cores == 0.1
    # A second of work, and a second of waiting before the next.
    assert needs(figure, 100_000, 10).cores == needs(figure, 100_000, 1000).cores == 0.5


def most(holds: Callable[[int], bool]) -> int:
    """Return how many devices still fit."""
    fits, too_many = 0, 1_000_000_000
    while too_many - fits > 1:
        between = (fits + too_many) // 2
        fits, too_many = (between, too_many) if holds(between) else (fits, between)
    return fits


def of_cores(cores: float, *parts: str) -> int:
    """Return how many devices these parts have enough for together, of so many cores at the busiest."""
    measured = figures()
    return most(
        lambda devices: (
            cores
            >= sum(needs(measured[part], devices, average(devices) * PEAK).cores for part in parts)
        )
    )


def of_memory(part: str, megabytes: float) -> int:
    return most(lambda devices: needs(figures()[part], devices, 0).memory_mb <= megabytes)


def same(told: str, computed: float) -> bool:
    """Tell whether a figure in words is the computed one, rounded to the digits that it has."""
    plain = told.replace(",", "")
    digits = len(plain.partition(".")[2]) or len(plain.rstrip("0")) - len(plain)
    return float(plain) == round(computed, digits)


def thresholds() -> dict[str, float]:
    """Return by where it stands in the second table what the model makes of it."""
    measured = figures()
    publisher = measured["open-data-publisher"]
    most_bays = of_cores(1, "open-data-publisher")
    disk_gb = sum(needs(each, 1_000_000, 0).disk_gb for each in measured.values())
    millions = {
        "the cores of a machine with two:": of_cores(2, *measured),
        "the publisher:": most_bays,
        "parking's rate:": of_cores(1, "parking-occupancy"),
        "the database:": of_cores(1, "database"),
        "the decoder:": of_cores(1, "uplink-decoder"),
        "the memory of parking:": of_memory("parking-occupancy", 16_000),
        "the broker:": of_cores(1, "broker"),
    }
    return {
        **{
            rf"{row}[^|]*\| (?:16 GB hold about )?{N} million": n / 1e6
            for row, n in millions.items()
        },
        rf"a device leaves about {N} MB a year": disk_gb / 1000,
        rf"{N} TB last a year at 100,000": disk_gb / 10_000,
        rf"4 TB last a year at 100,000 and {N} weeks at a million": 4_000 / disk_gb * 365 / 7,
        rf"rendered in one process, {N} kB a bay": publisher.device_kb,
        rf"and {N} µs of CPU a bay each time": publisher.rendered_us,
        rf"feeds then follow after {N} s": 1 + most_bays * publisher.rendered_us / 1e6,
        rf"a whole core, and {N} GB": needs(publisher, most_bays, 0).memory_mb / 1000,
        rf"about {N} bays a second": average(millions["parking's rate:"]) * PEAK,
        rf"about {N} messages a second": average(millions["the database:"]) * PEAK,
        rf"about {N} uplinks a second": average(millions["the decoder:"]) * PEAK,
        rf"one thread, {N} µs an uplink": measured["broker"].batched_us,
        rf"2,100/s, {N} million": most(lambda devices: average(devices) * PEAK <= 2_100) / 1e6,
    }


def section() -> str:
    return PAGE.read_text(encoding="utf-8").partition("## What breaks first\n")[2]


def test_what_breaks_first_is_what_the_model_makes_of_the_figures() -> None:
    wrong = []
    for where, computed in thresholds().items():
        (told,) = re.findall(where, section())
        if not same(told, computed):
            wrong.append(f"{where}: {told} instead of {computed:,.2f}")
    assert wrong == []


def test_what_breaks_first_stands_first() -> None:
    rows = section().partition("| the cores")[2].partition("\n\n")[0].splitlines()
    millions = [float(re.findall(r"([\d.]+) million", row)[0]) for row in rows]
    assert len(millions) == 7
    assert millions == sorted(millions)


@pytest.mark.parametrize(
    ("told", "computed"), [("1.7", 1.66), ("3,900", 3_854), ("4,000", 3_980), ("9", 9.2)]
)
def test_figure_in_words_is_the_computed_one_as_far_as_it_goes(told: str, computed: float) -> None:
    assert same(told, computed)
    assert not same(told, computed * 1.2)
