# SPDX-License-Identifier: EUPL-1.2
"""The sizing tables, also what breaks first, are what their model makes of the measured figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import log10
from pathlib import Path

import pytest

from bench import sizing_model
from bench.city import LOAD_DEVICES
from bench.pages import FOLDER, sheets_of
from bench.sizing import beside_the_model
from bench.sizing_model import (
    PAGE,
    PEAK,
    Course,
    Figures,
    Needs,
    average,
    by_rows,
    chain_rate,
    figures,
    identities,
    needs,
    one_decoders_pace,
)

SIZES = (1_000, 10_000, 100_000, 1_000_000)
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


def test_a_message_costs_more_with_devices_and_identities_alone_and_in_a_batch() -> None:
    by_devices = Course(((3.0, 100.0), (5.0, 140.0)), 1_000)
    by_identities = Course(((5.0, 30.0), (6.0, 40.0), (7.0, 80.0)), 100_000)
    figure = Figures(0.0, 1000.0, 10.0, 0.0, 0.0, 0.0, 0.0, by_devices, by_identities, 50.0)

    def cores(devices: int, rate: float, known: float) -> float:
        return round(needs(figure, devices, rate, known).cores, 6)

    assert cores(1_000, 50, 100_000) == 0.05
    assert cores(10_000, 50, 1_000_000) == 0.0515
    assert cores(1_000, 1100, 100_000) == 0.11
    assert cores(1_000, 1100, 10_000_000) == 0.165
    # Nobody measured beyond: as steeply as before. Below it is as at the least.
    assert by_identities.more(100_000_000) == 90
    assert by_identities.more(0) == by_identities.more(100_000) == 0
    assert needs(figure, 1_000, 0).memory_mb == 1_000 * 40 * 35 * 50 / 1e6
    assert needs(figure, 1_000, 0, 2_000_000).memory_mb == 100


def test_what_grows_is_what_the_benches_measured() -> None:
    database = figures()["database"].by_identities
    rows = sheets_of((FOLDER / "growth-rows.md").read_text(encoding="utf-8"))[0]

    first, *_, last = (float(each) for each in rows.column("database, CPU µs"))
    most_rows = float(rows.column("rows")[-1].replace(",", ""))
    own = float(rows.title.split()[0].replace(",", ""))
    assert database.more(most_rows / 2 + own) == pytest.approx(last - first)
    assert database.more(own) == 0
    assert database.more(identities(100_000)) > last - first > 0
    assert figures()["uplink-decoder"].by_devices.more(100_000) > 0
    assert figures()["parking-occupancy"].by_devices == Course()


def test_what_was_not_measured_has_no_figure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = (
        "| rows | uplinks/s |",
        "|---|---|",
        "| 0 | 6,000 (1 to 2) |",
        "| 200,000 | 3,000 |",
        "| 900 | not measured |",
    )
    (tmp_path / "growth-rows.md").write_text(
        "## 10,000 uplinks, by rows\n\n" + "\n".join(lines) + "\n"
    )
    monkeypatch.setattr(sizing_model, "FOLDER", tmp_path)

    assert by_rows("uplinks/s").points == ((4.0, 6000.0), (log10(110_000), 3000.0))
    assert one_decoders_pace(110_000) == pytest.approx(3000)


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


def of_pace() -> int:
    """Return of how many devices one decoder stores what comes at the busiest, waiting for the database."""
    return most(lambda devices: average(devices) * PEAK <= one_decoders_pace(identities(devices)))


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
        "the memory of the database:": of_memory("database", 16_000),
        "parking's rate:": of_cores(1, "parking-occupancy"),
        "the database:": of_cores(1, "database"),
        "the decoder:": min(of_cores(1, "uplink-decoder"), of_pace()),
        "the memory of parking:": of_memory("parking-occupancy", 16_000),
        "the broker:": of_cores(1, "broker"),
    }
    return {
        **{
            rf"\| {row}[^|]*\| (?:16 GB hold about )?{N} million": n / 1e6
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
        rf"with {N} billion about": identities(of_pace()) / 1e9,
        rf"it stored {N} of what it did with none": one_decoders_pace(5e7) / one_decoders_pace(0),
        rf"the index of identities, {N} bytes each": measured["database"].identity_bytes,
        rf"one thread, {N} µs an uplink": measured["broker"].batched_us,
        rf"\*chain\*: {N}/s, ": chain_rate(),
        rf"/s, {N} million, if hardly": most(lambda n: average(n) * PEAK <= chain_rate()) / 1e6,
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
    assert len(millions) == 8
    assert millions == sorted(millions)


def test_what_grows_is_told_as_the_model_has_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    measured, known = figures()["database"], identities(1)
    most_known = 10 ** measured.by_identities.points[-1][0]
    told = {
        rf"with up to {N} million, which": most_known / 1e6,
        rf"million, which {N} devices leave in the 35 days": most_known / known,
        rf"devices × 40 × 35 × {N} bytes": measured.identity_bytes,
        # The row of the table and the entry of the index, below.
        rf"identities take {N} kB a device once": known * 97 / 1000,
    }
    for where, computed in told.items():
        (figure,) = re.findall(where, page)
        assert same(figure, computed), f"{where}: {figure} instead of {computed:,.2f}"


def test_the_page_of_a_run_has_the_model_as_it_is_now() -> None:
    text = (FOLDER / "sizing.md").read_text(encoding="utf-8")
    found = sheets_of(text)

    assert len(found) == 3
    for sheet in found:
        now = beside_the_model(sheet)
        assert [*map(tuple, sheet.rows)] == now.rows, "python -m bench.sizing writes it anew"
        assert sheet.caption == now.caption


def test_what_a_message_costs_is_read_from_the_pages_of_the_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for page in FOLDER.glob("*.md"):
        text = re.sub(r"database \d+$", "database 999", page.read_text("utf-8"), flags=re.MULTILINE)
        text = text.replace("| database | 0.40 | 3,979 |", "| database | 0.40 | 7,777 |")
        (tmp_path / page.name).write_text(text, encoding="utf-8")
    before = figures()
    monkeypatch.setattr(sizing_model, "FOLDER", tmp_path)

    now = figures()

    assert (now["database"].alone_us, now["database"].batched_us) == (7777, 999)
    assert now["broker"] == before["broker"]


def test_what_is_rendered_is_no_part_of_what_a_message_costs() -> None:
    (chain,) = sheets_of((FOLDER / "chain.md").read_text(encoding="utf-8"))
    publisher = figures()["open-data-publisher"]

    (whole,) = re.findall(r"publisher ([\d.]+)", chain.caption)
    once_s = LOAD_DEVICES * publisher.rendered_us / 1e6
    a_second = once_s / (1 + once_s)
    assert publisher.batched_us == pytest.approx(float(whole) - a_second / chain_rate() * 1e6)
    assert publisher.batched_us < float(whole)


@pytest.mark.parametrize(
    ("told", "computed"), [("1.7", 1.66), ("3,900", 3_854), ("4,000", 3_980), ("9", 9.2)]
)
def test_figure_in_words_is_the_computed_one_as_far_as_it_goes(told: str, computed: float) -> None:
    assert same(told, computed)
    assert not same(told, computed * 1.2)
