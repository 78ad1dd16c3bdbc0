# SPDX-License-Identifier: EUPL-1.2
"""The files of a report: what they say, that they are accessible, and that they are the same again."""

from __future__ import annotations

import csv
import html
import io
import itertools
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pypdf
import pytest
from pypdf.generic import ArrayObject, DictionaryObject

from kpi_aggregator.domain.causes import completeness_words
from kpi_aggregator.reporting import changes, words
from kpi_aggregator.reporting.document import MeasureLine, ReportDocument, Since, ToldValue
from kpi_aggregator.reporting.drawing import drawing
from kpi_aggregator.reporting.formats import BY_NAME, FORMATS, choose
from kpi_aggregator.reporting.page import to_html
from kpi_aggregator.reporting.print import to_pdf
from kpi_aggregator.reporting.sheets import (
    COLUMNS,
    HEADINGS,
    WIDTHS,
    to_csv,
    to_xlsx,
)
from support.report_documents import NASTY, document, entered, line, nothing, points
from support.workbooks import sheet


def elements(node: Any) -> Iterator[DictionaryObject]:
    """Yield all structure elements of a PDF in reading order."""
    kids = node.get("/K")
    kids = kids.get_object() if kids is not None else []
    for each in kids if isinstance(kids, ArrayObject) else [kids]:
        kid = each.get_object()
        if isinstance(kid, DictionaryObject) and "/S" in kid:
            yield kid
            yield from elements(kid)


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(pdf).pages)


def test_pdf_is_tagged_and_says_title_language_and_that_it_is_pdf_ua() -> None:
    reader = read(to_pdf(document()))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "de-DE"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Bericht zu den Kennzahlen, Oktober 2026"
    assert reader.metadata.author == "Halle (Saale)"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert all(page.get("/Tabs") == "/S" for page in reader.pages)


def test_pdf_has_headings_in_order_tables_with_headers_and_pictures_with_words() -> None:
    made = document()
    root: Any = read(to_pdf(made)).trailer["/Root"]
    found = list(elements(root["/StructTreeRoot"]))
    kinds = [each["/S"] for each in found]
    count = Counter(kinds)
    levels = [int(kind[2:]) for kind in kinds if kind[:2] == "/H" and kind[2:].isdigit()]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert count["/Table"] == 2
    assert count["/TH"] == 6 + 2
    assert count["/TD"] == len(made.lines) * (6 + 2)
    pictures = [each for each in found if each["/S"] == "/Figure" and "/Alt" in each]
    assert [each["/Alt"] for each in pictures] == [
        words.course(each) for each in made.lines if len(each.points) > 1
    ]
    assert len(pictures) == 1
    assert "13 Werte von Oktober 2025 bis Oktober 2026" in pictures[0]["/Alt"]


def test_no_page_of_the_pdf_stays_half_empty_since_a_chart_holds_on_to_its_facts() -> None:
    measures = tuple(
        MeasureLine(
            measure_id=f"m{n}", title=f"Maßnahme {n} " + "zur Mobilität " * 4, state="läuft"
        )
        for n in range(12)
    )
    made = document(*(line(f"x{n}", title=f"Kennzahl {n}", measures=measures) for n in range(9)))
    # One and a half of them fit on a page; each on a page of its own they are eleven.
    assert len(read(to_pdf(made)).pages) == 7


def test_all_fonts_of_the_pdf_are_embedded() -> None:
    fonts = [
        font.get_object()
        for page in read(to_pdf(document())).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index,union-attr]
    ]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & descriptor.keys()
        assert "/ToUnicode" in font


def test_every_form_says_value_change_measure_and_what_is_missing() -> None:
    made = document()
    spoken = (" ".join(text(to_pdf(made)).split()), to_html(made).decode())
    for said in (*spoken,):
        for part in (
            "72,5\u00a0%", "Oktober 2026", "+1,00\u00a0Prozentpunkte gegenüber 71,5",
            "Integrierte Mobilität (läuft)", words.NO_MEASURES, "zu wenige Daten", "knapp verfehlt",
            "aus 90\u00a0% der Daten", "1.234\u00a0Formate", "September 2026",
        ):  # fmt: skip
            assert part in said or part.replace("\u00a0", " ") in said, part


@pytest.mark.parametrize("strange", ["✅", "中文", "👩\u200d🎨", "1\ufe0f\u20e3", "x🏻", "\x01"])
def test_what_the_font_lacks_stops_no_report(strange: str) -> None:
    made = document(line(title=f"Straßen {strange} „Ä“ – €"), entered(origin=strange))
    said = text(to_pdf(made))
    assert "Straßen" in said
    assert "„Ä“ – €" in said
    assert to_pdf(made) == to_pdf(made)


def test_a_character_that_the_font_lacks_is_shown_as_missing() -> None:
    assert "Kunst □ und □□" in text(to_pdf(document(line(title="Kunst 🎨 und 中文"))))


def test_html_has_a_picture_for_each_course_that_says_what_it_shows() -> None:
    page = to_html(document(line(), entered(title='"Formate" <b>'), nothing())).decode()
    said = html.unescape(page)
    assert page.count('<div role="img" aria-label="') == page.count('<svg class="chart"') == 1
    assert f'<div role="img" aria-label="{words.course(line())}"><svg' in said
    assert "&lt;svg" not in page


def test_head_tells_authority_date_number_and_file_reference() -> None:
    made = document(edition=2, reference="80.3-SC/14")
    for said in (" ".join(text(to_pdf(made)).split()), to_html(made).decode()):
        for part in ("Halle (Saale)", "Stabsstelle", "06.11.2026", "AWWSD 2026-10/2", "80.3-SC/14"):
            assert part in said, part
    assert "Aktenzeichen" not in to_html(document()).decode()


def test_documents_of_before_there_were_numbers_stay_the_same_bytes() -> None:
    kept = document().to_bytes()
    assert b'"edition"' not in kept
    assert b'"edition":1' in document(edition=1).to_bytes()
    assert ReportDocument.from_bytes(kept).to_bytes() == kept


def test_what_has_no_value_says_why() -> None:
    absent = {"value": None, "points": (), "expected": None}
    said = [
        words.told(line(**absent, missing="zu wenige Daten")),
        words.told(line(**absent)),
        words.told(entered(**absent)),
    ]
    assert said == [
        "kein Wert: zu wenige Daten", "kein Wert: noch nicht berechnet", "kein Wert: noch nicht erfasst",
    ]  # fmt: skip
    made = document(entered(**absent))
    assert to_html(made).count(b"noch nicht erfasst") == 3, "overview, line and remarks"
    assert text(to_pdf(made)).count("noch nicht erfasst") == 3


def test_a_report_on_simulated_data_and_a_preview_say_so() -> None:
    told = ToldValue(period="2026-10", value=1.0, completeness=1.0, simulated=True)
    simulated = document(line(value=told))
    for draw_it in (to_html, lambda each: text(to_pdf(each)).encode()):
        assert b"Simulierte Daten" in draw_it(simulated)
        assert b"Simulierte Daten" not in draw_it(document())
    assert b"Vorabfassung" in to_html(document(), preview=True)
    assert "Vorabfassung" in text(to_pdf(document(), preview=True))
    assert b"Vorabfassung" not in to_html(document())


def test_texts_are_never_taken_for_markup() -> None:
    made = document(
        line(title=NASTY, method=NASTY, missing=NASTY, rule=NASTY, unit=NASTY[:40]),
        title=NASTY, city_name=NASTY, recipient=NASTY, office=NASTY,
    )  # fmt: skip
    assert "#panic()" in text(to_pdf(made))
    assert b"<script>" not in to_html(made)
    (row,) = list(csv.DictReader(io.StringIO(to_csv(made).decode())))
    assert row["title"] == NASTY
    assert zipfile.ZipFile(io.BytesIO(to_xlsx(made))).testzip() is None


def test_what_a_spreadsheet_would_compute_is_told_as_text_in_csv() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv(document(line(title="=1+1", owner="@x"))).decode()))
    assert (row["title"], row["owner"]) == ("'=1+1", "'@x")


def test_csv_has_a_line_for_each_indicator_and_points_in_numbers() -> None:
    content = to_csv(document()).decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["indicator_id"] for row in rows] == ["auslastung", "formate", "leer"]
    first, _, empty = rows
    assert (first["value"], first["expected"], first["previous_value"]) == ("72.5", "68.0", "71.5")
    assert (first["since_last_report"], first["change"], first["light"]) == (
        "moved",
        "1.0",
        "yellow",
    )
    assert (empty["value"], empty["missing"]) == ("", "zu wenige Daten")
    assert content.endswith("\r\n")


def test_targets_that_were_made_up_are_called_so_in_every_form() -> None:
    made = document(line(demo_aims=True), line("echt"))
    page = to_html(made).decode()
    assert page.count("68,0 (Beispiel)") == 1
    assert "Bei 1 Kennzahl sind Ausgangs- und Zielwert Beispiele" in html.unescape(page)
    assert "(Beispiel)" in " ".join(text(to_pdf(made)).split())
    rows = csv.DictReader(io.StringIO(to_csv(made).decode()))
    assert [row["demo_aims"] for row in rows] == ["true", "false"]
    column = HEADINGS.index("Soll ist ein Beispiel") - len(HEADINGS)
    cells = sheet(zipfile.ZipFile(io.BytesIO(to_xlsx(made))), 2)
    assert [row[column] for row in cells[1:3]] == ["ja", "nein"]


def test_a_preview_says_in_tables_that_it_is_one() -> None:
    made = document(line())
    for preview in (True, False):
        (row,) = csv.DictReader(io.StringIO(to_csv(made, preview=preview).decode()))
        rows = sheet(zipfile.ZipFile(io.BytesIO(to_xlsx(made, preview=preview))), 1)
        about = {cells[0]: cells[1] for cells in rows}
        assert row["report"] == about["Nummer"]
        assert row["report"].startswith(made.number)
        assert ("Vorabfassung" in row["report"]) is preview
    assert BY_NAME["csv"].preview(made) == to_csv(made, preview=True)
    assert BY_NAME["xlsx"].preview(made) == to_xlsx(made, preview=True)


def test_xlsx_tells_about_the_report_its_lines_and_their_courses() -> None:
    book = zipfile.ZipFile(io.BytesIO(to_xlsx(document())))
    assert ["An", "Ausschuss"] in sheet(book, 1)
    lines = sheet(book, 2)
    assert lines[0] == list(HEADINGS)
    assert lines[1][:2] == ["Erreichbarkeit verbessern", "Auslastung der Parkplätze"]
    assert "72.5" in lines[1]
    assert len(sheet(book, 3)) == 1 + 13 + 1
    assert len(COLUMNS) == len(HEADINGS) == len(WIDTHS)


_DRAW = """
import sys
from hashlib import sha256
from kpi_aggregator.reporting.document import ReportDocument
from kpi_aggregator.reporting.formats import FORMATS
document = ReportDocument.from_bytes(sys.stdin.buffer.read())
print([(each.name, sha256(each.draw(document)).hexdigest()) for each in FORMATS])
"""


def test_the_same_document_gives_the_same_bytes_in_another_process_and_place(
    tmp_path: Path,
) -> None:
    kept = document().to_bytes()
    assert ReportDocument.from_bytes(kept).to_bytes() == kept
    said = [
        subprocess.run(
            [sys.executable, "-c", _DRAW], input=kept, capture_output=True, check=True,
            cwd=tmp_path, env={"TZ": zone, "LC_ALL": "C", "PYTHONHASHSEED": seed},
        ).stdout
        for zone, seed in (("Asia/Tokyo", "1"), ("America/New_York", "2"))
    ]  # fmt: skip
    assert said[0] == said[1]
    assert said[0].count(b"'") == 4 * len(FORMATS)


def test_another_time_of_knowledge_is_another_file() -> None:
    later = document(known_at=document().known_at.replace(hour=5))
    for each in FORMATS:
        if each.name != "csv":
            assert each.draw(document()) != each.draw(later), each.name


@pytest.mark.parametrize(
    ("accepted", "name"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "html"),
        ("application/pdf", "pdf"),
        ("text/csv;q=0.5, application/pdf;q=0.1", "csv"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("application/json", "json"),
        ("*/*", "html"),
        ("image/png", None),
        ("text/csv;q=0", None),
        ("text/csv;q=x", None),
        ("", None),
    ],
)
def test_the_form_is_what_the_client_likes_best(accepted: str, name: str | None) -> None:
    found = choose(accepted)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("value", "whole", "said"),
    [
        (0.0, False, "0"),
        (72.46, False, "72,5"),
        (1.5, False, "1,50"),
        (0.0123, False, "0,012"),
        (-3.25, False, "−3,25"),
        (1234567.8, False, "1.234.568"),
        (1234.0, True, "1.234"),
        (9.999, False, "10,00"),
    ],
)
def test_numbers_are_written_as_germans_do(value: float, whole: bool, said: str) -> None:  # noqa: FBT001
    assert words.number(value, whole=whole) == said


def test_almost_all_is_not_all() -> None:
    assert (words.share(0.999), words.share(1.0), words.share(0.6)) == (
        "99\u00a0%", "100\u00a0%", "60\u00a0%",
    )  # fmt: skip


def test_changes_are_told_as_what_they_are() -> None:
    def said(**since: Any) -> str:
        told = {"by": None, "period": None, "value": None, "light": None, **since}
        return changes.since(line(since=Since(**told)))

    before = {"period": "2026-09", "value": 71.5}
    assert said(step="corrected", by=-0.5, **before) == ("berichtigt von 71,5 auf 72,5\u00a0%")
    assert said(step="moved", by=2.0, **before) == (
        "+2,00\u00a0Prozentpunkte gegenüber 71,5 (September 2026)"
    )
    assert said(step="steady", light="green", **before) == "unverändert; Ampel zuvor „im Ziel“"
    assert said(step="gone", **before) == "kein Wert mehr"
    assert said(step="none") == "weiterhin kein Wert"


def test_a_chart_has_a_bar_for_each_value_and_begins_at_zero() -> None:
    svg = ET.fromstring(drawing(line(points=points(5)), "Font"))
    space = "{http://www.w3.org/2000/svg}"
    bars = svg.findall(f"{space}rect")
    assert len(bars) == 5
    heights = [float(bar.get("height", 0)) for bar in bars]
    assert heights == sorted(heights)
    assert heights[0] / heights[-1] == pytest.approx(60.5 / 64.5, abs=0.02)
    assert len([path for path in svg.findall(f"{space}path") if path.get("stroke-dasharray")]) == 1


def test_a_chart_is_blank_where_periods_have_no_value() -> None:
    whole, some = points(5), points(5)[:2] + points(5)[3:]
    drawn = [drawing(line(points=each), "F") for each in (whole, some)]
    places = [
        [float(bar.get("x", 0)) for bar in ET.fromstring(each).iter() if bar.tag.endswith("rect")]
        for each in drawn
    ]
    assert places[1] == places[0][:2] + places[0][3:], "the third place stays, without a bar"


@pytest.mark.parametrize("values", [[0.0], [-5.0, 5.0], [1e-9], [1e12, 3.0]])
def test_a_chart_holds_any_values(values: list[float]) -> None:
    given = tuple(
        point.model_copy(update={"value": value, "expected": None})
        for point, value in zip(points(len(values)), values, strict=True)
    )
    assert ET.fromstring(drawing(line(points=given), "F")) is not None
    assert to_pdf(document(line(points=given)))


def test_what_is_not_quite_all_or_even_is_not_rounded_up_to_it() -> None:
    assert [words.evenness(value) for value in (0.9951, 0.9999, 1.0, 0.5)] == [
        *("0,99", "0,99", "1,00", "0,50"),
    ]
    assert completeness_words(0.997)["de"] == "beruht auf 99 % der Daten"
    assert completeness_words(1.0)["en"] == "from 100 % of the data"


def test_remarks_name_what_is_missing_and_what_is_of_few_data() -> None:
    found = dict(words.remarks(document(line(), entered(), nothing())))
    assert found == {
        "Auslastung der Parkplätze": "beruht auf 90\u00a0% der Daten, mittlere Verlässlichkeit",
        "Reisezeit": "kein Wert für den jüngsten Zeitraum: zu wenige Daten",
    }
