# SPDX-License-Identifier: EUPL-1.2
"""What a report says of itself: that it is not all true, and which version wrote it."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date

import pypdf

from kpi_aggregator.reporting.changes import since, summary
from kpi_aggregator.reporting.comparing import Likeness, likeness
from kpi_aggregator.reporting.document import WRITING, Correction, Redefined, Since, ToldValue
from kpi_aggregator.reporting.page import to_html
from kpi_aggregator.reporting.print import to_pdf
from kpi_aggregator.reporting.sheets import COURSE_HEADINGS, to_csv, to_xlsx
from kpi_aggregator.reporting.words import SIMULATED, measure, path
from support.report_documents import document, entered, line, points
from support.workbooks import sheet


def test_xlsx_marks_what_is_simulated_or_made_up_on_every_sheet() -> None:
    simulated = line(points=points(2, simulated=True), demo_aims=True)
    book = zipfile.ZipFile(io.BytesIO(to_xlsx(document(simulated, entered()))))
    about = dict(row for row in sheet(book, 1) if len(row) == 2)
    assert about["Simulierte Daten"] == SIMULATED
    courses = sheet(book, 3)
    assert courses[0] == list(COURSE_HEADINGS)
    marks = slice(COURSE_HEADINGS.index("simuliert"), COURSE_HEADINGS.index("simuliert") + 2)
    assert [row[marks] for row in courses[1:3]] == [["ja", "ja"]] * 2
    assert courses[3][-3:-1] == ["nein", "nein"]
    clean = zipfile.ZipFile(io.BytesIO(to_xlsx(document())))
    assert "Simulierte Daten" not in dict(row for row in sheet(clean, 1) if len(row) == 2)


def test_what_an_older_version_wrote_is_compared_by_its_data() -> None:
    again = document(writing=WRITING)
    kept = document(traffic_light="wie es früher hieß").to_bytes()
    assert b"writing" not in kept
    assert likeness(again.to_bytes(), again) is Likeness.SAME
    assert likeness(kept, again) is Likeness.SAME_DATA
    forged = document(
        line(value=ToldValue(period="2026-10", value=1, completeness=0.9, simulated=False))
    )
    assert likeness(forged.to_bytes(), document(line(), writing=WRITING)) is Likeness.OTHER
    worded = document(traffic_light="anders", writing=WRITING)
    assert likeness(worded.to_bytes(), again) is Likeness.OTHER, "of this version each byte counts"


def test_what_older_versions_did_not_tell_is_not_compared() -> None:
    kept = document(line(trend="rising", missing=None)).to_bytes()
    now = {"trend": None, "missing": "noch nicht erfasst"}
    assert likeness(kept, document(line(**now), writing=WRITING)) is Likeness.SAME_DATA
    younger = document(line(trend="rising", missing=None), writing=3).to_bytes()
    assert likeness(younger, document(line(**now), writing=WRITING)) is Likeness.OTHER


def test_how_a_correction_was_told_is_compared_since_it_has_a_reason() -> None:
    told = {"period": "2026-09", "before": 60.0, "value": None, "cause": ""}
    now = {**told, "reason": "zu wenige Daten", "cause": "verspätete oder berichtigte Daten"}
    again = document(line(corrections=[Correction(**now)]), writing=WRITING)
    kept = line(corrections=[Correction(**told)])
    assert b'"so_far"' not in document(kept).to_bytes()
    assert likeness(document(kept, writing=5).to_bytes(), again) is Likeness.SAME_DATA
    assert likeness(document(kept, writing=6).to_bytes(), again) is Likeness.OTHER


def test_what_left_the_framework_is_counted_in_the_summary() -> None:
    about = {"unit": "%", "whole": False, "direction": "up", "version": 1, "title": "X"}
    gone = [Redefined(indicator_id="x", kind=kind, **about) for kind in ("version", "target")]
    steady = line(since=Since(step="steady", by=None, period=None, value=None, light=None))
    said = summary(document(steady, redefined=gone))
    assert "Gegenüber dem letzten Bericht hat sich keine Kennzahl verändert." in said
    assert said.endswith("Neu, anders festgelegt oder nicht mehr berichtet: 1 Kennzahl.")
    assert "anders festgelegt" not in summary(document(steady))


def test_a_baseline_is_told_with_its_source_also_without_a_target() -> None:
    begun = {"baseline": (18.5, date(2026, 1, 1)), "expected": None}
    only = line(**begun, target=None, baseline_source="Erhebung 2025")
    assert path(only) == (
        "Ausgangswert 18,5\u00a0% (01.01.2026, Quelle: Erhebung 2025), ein Zielwert ist noch nicht festgelegt"
    )
    assert path(line(**begun)) == "von 18,5 (01.01.2026) auf 60,0\u00a0% (30.06.2027)"
    assert path(entered()) == "Ausgangs- und Zielwert sind noch nicht festgelegt"
    assert b"baseline_source" not in document(line()).to_bytes()


def test_a_measure_of_which_no_state_is_known_is_told_without_one() -> None:
    assert measure("Dr. Data", "nicht_angegeben") == "Dr. Data"
    assert measure("Dr. Data", "laufend") == "Dr. Data (laufend)"


def test_a_step_between_a_made_up_value_and_a_real_one_is_marked_everywhere() -> None:
    step = {"step": "moved", "by": 2.0, "period": "2026-09", "value": 71.5, "light": None}
    mixed, plain = Since(**step, mixed=True), Since(**step)
    made_up = ToldValue(period="2026-10", value=72.5, completeness=0.9, simulated=True)
    assert "(nicht vergleichbar: der frühere Wert war simuliert)" in since(line(since=mixed))
    assert "(nicht vergleichbar: der jetzige Wert ist simuliert, der frühere nicht)" in since(
        line(since=mixed, value=made_up)
    )
    assert "vergleichbar" not in since(line(since=plain))
    made = document(line(since=mixed), line("zwei", since=plain), entered())
    rows = csv.DictReader(io.StringIO(to_csv(made).decode("utf-8-sig")))
    assert [row["comparable"] for row in rows] == ["false", "true", ""]
    assert "der frühere Wert war simuliert" in to_html(made).decode()
    assert b"mixed" not in document(line(since=plain)).to_bytes()


def test_the_paper_tells_of_each_indicator_method_formula_source_and_who_is_responsible() -> None:
    made = document(line(), entered(measured="Vernetzungsformate", owner="Stabsstelle"))
    pages = pypdf.PdfReader(io.BytesIO(to_pdf(made))).pages
    said = " ".join(" ".join(page.extract_text() for page in pages).split())
    methods = said.partition("Wie die Kennzahlen entstehen")[2]
    assert methods.count("Belegte durch bekannte Stellplätze.") == 2
    assert "Auslastungszahlen" in methods, "the words of the framework, where they are others"
    assert methods.count("Vernetzungsformate") == 1
    assert "Rechenweg: 100 × a / b." in methods
    assert "Quelle: berechnet; verantwortlich: zu benennen" in methods
    assert "(01.10.2026, Koordination); verantwortlich: Stabsstelle" in methods
