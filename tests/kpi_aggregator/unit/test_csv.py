# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kpi_aggregator.csv_values import read_values, try_values
from kpi_aggregator.domain.cells import AmbiguousError, read_number, read_start
from kpi_aggregator.domain.filed import Act, Known, act_of, would_be_so_far
from kpi_aggregator.domain.framework import Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.values import Proposal, Told
from kpi_aggregator.pages.lines import bound_words, by_group, fault_words
from stadttakt_runtime.csv_import import FileRefusedError
from support.indicators import a_survey

TODAY = date(2026, 11, 26)
SURVEY = a_survey()
KNOWN = {"split": SURVEY, "count": replace(SURVEY, indicator_id="count", source=Source.CSV)}
HEADER = "indicator_id;period;period_start;value;source;source_date;group_size;parts"
LINE = "split;year;2025-01-01;58.5;Befragung;2026-01-15;215;rad=120|oepnv=95"


def test_parts_of_a_survey_come_with_their_line() -> None:
    (read,) = read_values(f"{HEADER}\n{LINE}".encode(), KNOWN, TODAY)
    assert read.proposal is not None
    assert (read.proposal.parts, read.proposal.group_size) == ({"rad": 120, "oepnv": 95}, 215)


@pytest.mark.parametrize(
    ("cells", "field"),
    [("rad=120|oepnv=95;", "value"), ("rad=120|oepnv=;", "value"), (";a=2 (30)|b=", "value"), ("rad;", "value"),
     ("rad=|oepnv=;a=|b=", None), (";", None), (" rad = | oepnv = ;", None)],
)  # fmt: skip
def test_groups_without_a_value_are_told_of_and_blank_ones_passed_over(
    cells: str, field: str | None
) -> None:
    head = "indicator_id;period_start;value;source;source_date;parts;means"
    found = try_values(f"{head}\nsplit;2025;;;;{cells}".encode(), KNOWN, TODAY)
    if field is None:
        assert ([each.act for each in found.lines], list(found.errors)) == ([Act.EMPTY], [])
    else:
        assert (2, field, "missing") in [
            (each.line, each.column, each.code) for each in found.errors
        ]


def test_a_count_of_persons_needs_no_other_number_and_another_survey_does() -> None:
    counted = replace(SURVEY, indicator_id="count", whole=True, maximum=None)
    known = {**KNOWN, "count": counted}
    line = "{};2025;;Liste;2026-01-15;{}"
    head = "indicator_id;period_start;group_size;source;source_date;value"
    (read,) = read_values(f"{head}\n{line.format('count', 1200)}".encode(), known, TODAY)
    assert read.proposal is not None
    assert read.proposal.group_size == 1200
    with pytest.raises(FileRefusedError) as caught:
        read_values(f"{head}\n{line.format('split', 58)}".encode(), known, TODAY)
    assert [(each.column, each.code) for each in caught.value.errors] == [("group_size", "missing")]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ("rad", "invalid"),
        ("=3", "invalid"),
        ("rad=-3", "invalid"),
        ("rad=1.5", "invalid"),
        ("rad=3|rad=4", "invalid"),
        ("auto=20|rad=195", "unknown_group"),
        ("rad=5|oepnv=210", "group_too_small"),
        ("rad=120|oepnv=90", "group_too_small"),
    ],
)
def test_broken_or_telling_parts_are_refused_with_their_line(parts: str, code: str) -> None:
    text = f"{HEADER}\n{LINE.replace('rad=120|oepnv=95', parts)}"
    with pytest.raises(FileRefusedError) as caught:
        read_values(text.encode(), KNOWN, TODAY)
    (error,) = caught.value.errors
    assert (error.line, error.column, error.code) == (2, "parts", code)


HEAD = "Kennzahl;Zeitraum;Wert;Befragte;Quelle;Stand der Quelle"
GIVEN = "split;2025;58,5;215;Befragung;15.01.2026"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{HEAD};;\n{GIVEN};;\n", 2),
        (f"{HEAD};;\n{GIVEN}\n", 2),
        (f"{HEAD}\n{GIVEN};;\n", 2),
        (f"{HEAD.replace(';Wert', ';;Wert')}\n{GIVEN.replace(';58', ';;58')}\n", 2),
        (f"sep=;\n{HEAD}\n{GIVEN}\n", 3),
        (f'"SEP=;"\r\n{HEAD}\r\n{GIVEN}\r\n', 3),
        (f"{HEAD}\n{GIVEN}\n".replace(";", "\t"), 2),
        (f"sep=\t\n{HEAD}\n{GIVEN}\n".replace(";", "\t"), 3),
    ],
)
def test_files_as_excel_leaves_them_are_read(text: str, line: int) -> None:
    (read,) = read_values(text.encode(), KNOWN, TODAY)
    assert read.proposal is not None
    assert (read.number, read.proposal.value, read.proposal.group_size) == (line, 58.5, 215)


def test_a_column_without_a_name_that_says_something_is_refused_by_its_place() -> None:
    with pytest.raises(FileRefusedError) as caught:
        read_values(f"{HEAD};;\n{GIVEN};;siehe Akte\n".encode(), KNOWN, TODAY)
    assert [(each.line, each.code) for each in caught.value.errors] == [(2, "fields")]
    middle = HEAD.replace(";Wert", ";;Wert")
    with pytest.raises(FileRefusedError) as caught:
        read_values(f"{middle}\n{GIVEN.replace(';58', ';x;58')}\n".encode(), KNOWN, TODAY)
    (error,) = caught.value.errors
    assert fault_words(error, "de") == (
        "In Spalte 3 steht etwas, aber sie hat in der Kopfzeile keinen Namen."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a;b;c\n1;2;3\n", "durch Semikolons"),
        ("a\tb\tc\n1\t2\t3\n", "durch Tabulatoren"),
        ("a|b|c\n1|2|3\n", "durch Kommas"),
        ("sep=\t\na;b\n1;2\n", "durch Tabulatoren"),
    ],
)
def test_missing_columns_come_with_what_the_fields_were_separated_by(text: str, said: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        read_values(text.encode(), KNOWN, TODAY)
    told = [fault_words(each, "de") for each in caught.value.errors]
    assert told[:2] == ["Die Spalte „Kennzahl“ fehlt.", "Die Spalte „Zeitraum“ fehlt."]
    assert f"Die Felder wurden als {said} getrennt gelesen." in told


cells = st.sampled_from(["split", "count", "year", "2025-01-01", "58.5", "nan", "1e999", "rad=1"])
texts = st.text("a0-.=|;,\"'\n\r\t\x00²ß€", max_size=8)
lines = st.lists(st.lists(cells | texts, max_size=9).map(";".join), max_size=6)


@settings(deadline=None)
@given(st.binary(max_size=400) | lines.map(lambda rows: "\n".join([HEADER, *rows]).encode()))
@example(f"{HEADER}\nsplit;year;2025-01-01;²;q;2026-01-15;³;".encode())
def test_no_file_is_more_than_read_or_refused(content: bytes) -> None:
    try:
        found = read_values(content, KNOWN, TODAY)
    except FileRefusedError:
        return
    assert all(each.proposal is None or each.proposal.indicator_id in KNOWN for each in found)


def test_a_bound_is_told_as_the_page_writes_numbers() -> None:
    assert bound_words("≥ 0.5", "de") == "≥ 0,5"
    assert bound_words("≤ 1250000", "de") == "≤ 1.250.000"
    assert bound_words("≥ 0.5", "en") == "≥ 0.5"
    assert [bound_words(each, "de") for each in ("10", "≥ ", "")] == ["10", "≥ ", ""]


def test_groups_are_told_in_the_order_of_the_framework() -> None:
    survey = KNOWN["split"]
    told = {"former": 3, survey.groups[1]: 1, survey.groups[0]: 2}
    assert list(by_group(told, survey, "de").values()) == [2, 1, 3]
    assert by_group(told, None, "de") == told
    assert by_group(None, survey, "de") == {}


GERMAN = """Kennzahl;Bezeichnung;Einheit;Zeitraum;Wert;Davon;Befragte;Quelle;Stand der Quelle;Grund\r
split;Anteil;%;2025;58,5;rad=1.120|oepnv=;1.300;Befragung für Halle;31.10.2026;Zählfehler\r
count;Zahl;%;01.01.2025;58,25 %;;;Straßenzählung;5.1.2026;\r
Anzahl;Zahl;%;2024;;;;;;\r
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_of_german_excel_says_the_same_as_one_of_the_api(encoding: str) -> None:
    known = {**KNOWN, "count": replace(KNOWN["count"], title={"de": "Anzahl", "en": "Number"})}
    split, count, empty = read_values(GERMAN.encode(encoding), known, TODAY)
    assert split.proposal == Proposal(
        indicator_id="split",
        period=Period.YEAR,
        period_start=date(2025, 1, 1),
        value=58.5,
        source="Befragung für Halle",
        source_date=date(2026, 10, 31),
        author_role="",
        cause="Zählfehler",
        parts={"rad": 1120},
        group_size=1300,
    )
    assert count.proposal is not None
    assert (count.proposal.value, count.proposal.source_date) == (58.25, date(2026, 1, 5))
    assert (empty.number, empty.act, empty.proposal) == (4, Act.EMPTY, None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.234,5", 1234.5),
        ("1234,5", 1234.5),
        ("-0,25", -0.25),
        ("1.234.567", 1_234_567),
        ("0.125", 0.125),
        ("12.5", 12.5),
        ("1\u202f234,5", 1234.5),
        ("14", 14),
    ],
)
def test_numbers_are_read_as_offices_write_them(text: str, number: float) -> None:
    assert read_number(text, whole=False, has_points=False) == number


def test_a_point_before_three_digits_is_never_guessed() -> None:
    with pytest.raises(AmbiguousError):
        read_number("1.234", whole=False, has_points=False)
    assert read_number("1.234", whole=True, has_points=False) == 1234
    assert read_number("1.234", whole=False, has_points=True) == 1.234


@pytest.mark.parametrize(
    "text", ["", "viel", "1,2,3", "1.23,4", "1.2.3", "nan", "²", "1 234", "--1"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_number(text, whole=True, has_points=False)


@pytest.mark.parametrize(
    ("text", "length", "start"),
    [
        ("2025", Period.YEAR, date(2025, 1, 1)),
        ("01.01.2025", Period.YEAR, date(2025, 1, 1)),
        ("2025-Q3", Period.QUARTER, date(2025, 7, 1)),
        ("Q3 2025", Period.QUARTER, date(2025, 7, 1)),
        ("3. Quartal 2025", Period.QUARTER, date(2025, 7, 1)),
        ("2025-10", Period.MONTH, date(2025, 10, 1)),
        ("1.10.2025 00:00", Period.MONTH, date(2025, 10, 1)),
        ("2025-W40", Period.WEEK, date(2025, 9, 29)),
        ("2025", Period.QUARTER, None),
        ("31.02.2025", Period.DAY, None),
        ("Okt 25", Period.MONTH, None),
        ("1025-01-01", Period.YEAR, None),
    ],
)
def test_periods_are_read_by_day_or_name(text: str, length: Period, start: date | None) -> None:
    if start is None:
        with pytest.raises(ValueError, match=r".*"):
            read_start(text, length)
    else:
        assert read_start(text, length) == start


def refused(text: str | bytes) -> list[tuple[int, str, str]]:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(FileRefusedError) as caught:
        read_values(content, KNOWN, TODAY)
    return [(each.line, each.column, each.code) for each in caught.value.errors]


def test_broken_files_say_where() -> None:
    assert refused(GERMAN.encode("utf-16")) == [(1, "", "invalid_encoding")]
    assert refused(b"Kennzahl\nx\x81") == [(2, "", "invalid_encoding")]
    assert refused("Kennzahl;Wert;Farbe\nsplit;1;rot\n") == [
        (1, "period_start", "missing"),
        (1, "source", "missing"),
        (1, "source_date", "missing"),
        (1, "farbe", "unknown_column"),
    ]
    assert refused("Kennzahl;Kennzahl;Zeitraum;Wert;Quelle;Stand der Quelle\n") == [
        (1, "indicator_id", "unknown_column"),
        (1, "indicator_id", "unknown_column"),
    ]
    head = "Kennzahl;Zeitraum;Wert;Quelle;Stand der Quelle"
    lines = ["count;2025;150;Q1;1.1.2026", "count;2024;-3;Q2;1.1.2026", "count;2025;7;Q3;1.1.2026"]
    assert refused("\n".join([head, *lines])) == [
        (2, "value", "out_of_range"),
        (3, "value", "out_of_range"),
        (4, "period_start", "duplicate"),
    ]


@pytest.mark.parametrize(
    ("source", "today", "asked", "told", "expected"),
    [
        pytest.param("2025-12-30", "2026-11-01", None, 0, True, id="a source of before the end"),
        pytest.param("2025-12-31", "2026-11-01", None, 0, False, id="of the last day"),
        pytest.param("2025-12-30", "2026-11-01", None, 1, False, id="it corrects what was told"),
        pytest.param("2025-06-01", "2026-11-01", 40, 0, False, id="a survey"),
        pytest.param("2025-12-30", "2025-12-31", None, 1, True, id="the period goes on"),
    ],
)
def test_a_line_tells_whether_its_value_would_be_one_so_far(
    source: str,
    today: str,
    asked: int | None,
    told: int,
    expected: bool,  # noqa: FBT001
) -> None:
    (line,) = read_values(f"{HEADER}\n{LINE}".encode(), KNOWN, TODAY)
    assert line.proposal is not None
    year = {"period": Period.YEAR, "period_start": date(2025, 1, 1)}
    said = replace(line.proposal, **year, source_date=date.fromisoformat(source), group_size=asked)
    known = Known(told=[Told(None, None)] * told)
    assert would_be_so_far(said, known, date.fromisoformat(today)) is expected


def test_a_line_says_whether_it_is_new_corrects_or_stays() -> None:
    (line,) = read_values(f"{HEADER}\n{LINE}".encode(), KNOWN, TODAY)
    assert (line.act, line.proposal is None) == (Act.NEW, False)
    said = line.proposal
    assert said is not None
    other = replace(said, value=40.0)
    why = replace(said, author_role="Leitung", cause="noch einmal")
    for known, act in (
        (Known(holds=other), Act.CORRECTS),
        (Known(holds=why), Act.SAME),
        (Known(holds=why, unconfirmed=True), Act.CORRECTS),
        (Known(holds=why, waiting=[why], unconfirmed=True), Act.SAME),
        (Known(waiting=[why]), Act.SAME),
        (Known(holds=said, waiting=[other]), Act.CORRECTS),
    ):
        assert act_of(said, known) == act
