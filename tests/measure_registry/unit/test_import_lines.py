# SPDX-License-Identifier: EUPL-1.2
"""A CSV file of ideas: all that is wrong with a line at once, and files as German Excel saves them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from measure_registry.api.import_csv import read_ideas
from stadttakt_runtime.csv_import import FileRefusedError
from support.profiles import halle

NOW = datetime(2026, 11, 27, tzinfo=UTC)
HEADER = "title;summary;handlungsfeld;submitted_on;place_name;mehrwerte\n"
GOOD = (
    HEADER + "Bänke für die Straße;Mehr Bänke am Ufer, auch für Ältere.;mobilitaet;2022-11-20;;\n"
)


def told(content: bytes) -> list[tuple[int, str]]:
    with pytest.raises(FileRefusedError) as refused:
        read_ideas(content, halle(), NOW)
    return [(each.line, each.column) for each in refused.value.errors]


def test_all_that_is_wrong_with_a_line_is_told_at_once() -> None:
    line = "Ab;kurz;gibtsnicht;31.02.2022;;gibtsauchnicht\n"
    assert told((HEADER + line).encode()) == [
        (2, "title"), (2, "summary"), (2, "handlungsfeld"), (2, "mehrwerte"), (2, "submitted_on"),
    ]  # fmt: skip


def test_a_field_that_is_missing_is_told_once() -> None:
    assert told((HEADER + ";;;2022-11-20;;\n").encode()) == [
        (2, "title"), (2, "summary"), (2, "handlungsfeld"),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_is_read_as_excel_saves_it(encoding: str) -> None:
    (read,) = read_ideas(GOOD.encode(encoding), halle(), NOW).values()
    assert read.steckbrief.title == "Bänke für die Straße"


@pytest.mark.parametrize(("day", "lat"), [("2022-11-20", "51.48"), ("20.11.2022", "51,48")])
def test_days_and_positions_are_read_as_excel_saves_them(day: str, lat: str) -> None:
    lines = f"{HEADER.strip()};lat;lon\nBänke am Ufer;Mehr Bänke, auch für Ältere.;mobilitaet;{day};;;{lat};11.97\n"
    (read,) = read_ideas(lines.encode(), halle(), NOW).values()
    assert read.submitted_at == datetime(2022, 11, 20, tzinfo=UTC)
    assert read.steckbrief.place.lat == 51.48


def test_what_is_in_no_known_encoding_is_refused_with_its_line() -> None:
    assert told(HEADER.encode() + b"\x81\n") == [(2, "")]


def test_what_belongs_to_no_column_is_told_without_one() -> None:
    with pytest.raises(FileRefusedError, match=r"^line 2: not UTF-8"):
        read_ideas(b"title;summary;handlungsfeld\n\x81\x8d;b;c\n", halle(), NOW)
